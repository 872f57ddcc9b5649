//! Where sessions come from: search, advertising, newsletters, links, or nowhere in particular.
//! In: whether the client is new. Out: a channel and a campaign, and their traces in an event.
//! Knows nothing of clients, pages or time.

use super::chance::Chance;

/// Marks an event that is not the first of its session, and so carries no trace of a channel.
pub(super) const INSIDE: u8 = u8::MAX;

/// One way into the shop.
pub(super) struct Channel {
    /// The page that links here; a newsletter or a typed address has none.
    pub(super) referrer: Option<&'static str>,
    /// `utm_source` and `utm_medium`, when the link carries them.
    pub(super) utm: Option<(&'static str, &'static str)>,
    /// The values of `utm_campaign`; never empty when `utm` is set.
    pub(super) campaigns: &'static [&'static str],
    /// Share of the first sessions, in permille.
    first: u32,
    /// Share of the later sessions, in permille.
    later: u32,
    /// How ready to buy its visitors are, 100 is average.
    pub(super) intent: u32,
}

/// Every channel.
#[rustfmt::skip]
pub(super) static CHANNELS: [Channel; 13] = [
    Channel { referrer: None, utm: None, campaigns: &[], first: 200, later: 430, intent: 110 },
    Channel { referrer: Some("https://www.google.com/"), utm: None, campaigns: &[], first: 270, later: 180, intent: 100 },
    Channel { referrer: Some("https://www.bing.com/"), utm: None, campaigns: &[], first: 30, later: 20, intent: 100 },
    Channel { referrer: Some("https://duckduckgo.com/"), utm: None, campaigns: &[], first: 20, later: 15, intent: 95 },
    Channel {
        referrer: Some("https://www.google.com/"), utm: Some(("google", "cpc")),
        campaigns: &["brand", "tents", "footwear", "spring_sale"], first: 150, later: 70, intent: 130,
    },
    Channel {
        referrer: Some("https://www.bing.com/"), utm: Some(("bing", "cpc")),
        campaigns: &["brand", "spring_sale"], first: 25, later: 10, intent: 120,
    },
    Channel {
        referrer: Some("https://www.facebook.com/"), utm: Some(("facebook", "paid_social")),
        campaigns: &["prospecting", "retargeting", "spring_sale"], first: 90, later: 45, intent: 70,
    },
    Channel {
        referrer: Some("https://www.instagram.com/"), utm: Some(("instagram", "paid_social")),
        campaigns: &["prospecting", "creators"], first: 75, later: 35, intent: 60,
    },
    Channel {
        referrer: None, utm: Some(("newsletter", "email")),
        campaigns: &["weekly_digest", "welcome", "cart_reminder", "spring_sale"], first: 10, later: 130, intent: 150,
    },
    Channel { referrer: Some("https://www.reddit.com/"), utm: None, campaigns: &[], first: 40, later: 20, intent: 80 },
    Channel { referrer: Some("https://www.youtube.com/"), utm: None, campaigns: &[], first: 35, later: 15, intent: 75 },
    Channel { referrer: Some("https://t.co/"), utm: None, campaigns: &[], first: 20, later: 10, intent: 60 },
    Channel {
        referrer: Some("https://hikingnotes.example/"), utm: Some(("hikingnotes", "affiliate")),
        campaigns: &["gear_guide"], first: 35, later: 20, intent: 140,
    },
];

/// How a session was reached: indices into [`CHANNELS`] and [`Channel::campaigns`].
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) channel: u8,
    pub(super) campaign: u8,
}

impl Entry {
    /// The entry of an event that is not the first of its session.
    pub(super) const NONE: Self = Self { channel: INSIDE, campaign: 0 };

    /// A random entry for the first session of a client, or for a later one.
    pub(super) fn draw(chance: &mut Chance, first: bool) -> Self {
        let channel = chance.weighted(CHANNELS.iter().map(|channel| if first { channel.first } else { channel.later }));
        let campaign = chance.index(CHANNELS[channel].campaigns.len());
        Self { channel: channel as u8, campaign: campaign as u8 }
    }

    /// The channel, or none inside a session.
    pub(super) fn channel(self) -> Option<&'static Channel> {
        CHANNELS.get(usize::from(self.channel))
    }

    /// The query string that the link carries, from the question mark on, put after `url`.
    pub(super) fn push_query(self, url: &mut String) {
        let Some((channel, (source, medium))) = self.channel().and_then(|channel| Some((channel, channel.utm?))) else {
            return;
        };
        let campaign = channel.campaigns.get(usize::from(self.campaign)).copied().unwrap_or("none");
        for part in ["?utm_source=", source, "&utm_medium=", medium, "&utm_campaign=", campaign] {
            url.push_str(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHANNELS, Entry};

    #[test]
    fn shares_add_up_to_all_sessions() {
        assert_eq!(CHANNELS.iter().map(|channel| channel.first).sum::<u32>(), 1000);
        assert_eq!(CHANNELS.iter().map(|channel| channel.later).sum::<u32>(), 1000);
    }

    #[test]
    fn a_campaign_shows_in_the_address() {
        let mut url = String::from("/");
        Entry { channel: 4, campaign: 3 }.push_query(&mut url);
        assert_eq!(url, "/?utm_source=google&utm_medium=cpc&utm_campaign=spring_sale");
        let mut inside = String::from("/");
        Entry::NONE.push_query(&mut inside);
        assert_eq!(inside, "/");
    }
}
