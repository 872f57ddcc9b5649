//! Descriptions as HTML. What users write is text and Markdown, never markup of the page:
//! raw HTML is shown as it is written, images become their texts, links lead only where links may.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// Markdown as safe HTML; empty for empty text.
pub(super) fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut out = String::new();
    html::push_html(&mut out, Parser::new_ext(markdown, options).filter_map(made_safe));
    out.trim_end().to_owned()
}

fn made_safe(event: Event<'_>) -> Option<Event<'_>> {
    Some(match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => return None,
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = if is_safe(&dest_url) { dest_url } else { CowStr::Borrowed("#") };
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        other => other,
    })
}

/// Whether a link leads to the web, to mail or to a place in the page.
fn is_safe(url: &str) -> bool {
    let url = url.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:", "#"].iter().any(|it| url.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_markup_and_html_is_text() {
        assert_eq!(to_html("One *row* per `day`."), "<p>One <em>row</em> per <code>day</code>.</p>");
        assert_eq!(to_html("a <b onclick=x>b</b>"), "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>");
        assert_eq!(to_html("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
        assert_eq!(to_html(""), "");
    }

    #[test]
    fn links_cannot_run_code_and_images_load_nothing() {
        assert_eq!(to_html("[x](javascript:alert(1))"), "<p><a href=\"#\">x</a></p>");
        assert_eq!(to_html("[x](https://a.b)"), "<p><a href=\"https://a.b\">x</a></p>");
        assert_eq!(to_html("![seen](https://a.b/c.png)"), "<p>seen</p>");
    }
}
