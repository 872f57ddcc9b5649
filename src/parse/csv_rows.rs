//! CSV text as rows of text by column, as Python's `csv.DictReader` reads it. For the few rows of a unit test.

use crate::project::Json;

/// The rows below the header. A field that a row lacks is null.
pub(super) fn read(text: &str) -> Vec<serde_json::Map<String, Json>> {
    let mut records = records(text).into_iter();
    let Some(header) = records.next() else { return Vec::new() };
    let row = |record: Vec<String>| {
        let mut fields = record.into_iter();
        header.iter().map(|name| (name.clone(), fields.next().map_or(Json::Null, Json::from))).collect()
    };
    records.map(row).collect()
}

fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record: Vec<String> = Vec::new();
    let mut field = String::new();
    let (mut quoted, mut any) = (false, false);
    let mut characters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => (quoted, any) = (true, true),
            ',' if !quoted => {
                record.push(std::mem::take(&mut field));
                any = true;
            }
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' | '\r' if !quoted => {
                if any || !field.is_empty() {
                    record.push(std::mem::take(&mut field));
                    records.push(std::mem::take(&mut record));
                }
                any = false;
            }
            c => field.push(c),
        }
    }
    if any || !field.is_empty() {
        record.push(field);
        records.push(record);
    }
    records
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::project::Json;

    #[test]
    fn quotes_empty_fields_and_short_rows() {
        let rows = Json::Array(read("a,b\n1,\"x, \"\"y\"\"\"\n\n,\r\n2").into_iter().map(Json::Object).collect());
        assert_eq!(rows.to_string(), r#"[{"a":"1","b":"x, \"y\""},{"a":"","b":""},{"a":"2","b":null}]"#);
        assert!(read("").is_empty());
    }
}
