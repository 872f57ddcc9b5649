//! Who the clients are: names, addresses, countries, devices.
//! In: the seed and a client's number. Out: always the same person for the same client.
//! Knows nothing of what they do. All people, mail domains and places are invented; the domains
//! end in `.example`, which is reserved (RFC 2606), so that no mail can reach anybody.

use super::chance::{Chance, Purpose};

/// A country: its code, the share of clients, and its hours ahead of UTC.
#[rustfmt::skip]
pub(super) static COUNTRIES: [(&str, u32, i32); 14] = [
    ("GB", 22, 0), ("DE", 19, 1), ("US", 14, -5), ("FR", 10, 1), ("NL", 7, 1), ("ES", 6, 1), ("IT", 5, 1),
    ("SE", 4, 1), ("PL", 4, 1), ("CA", 3, -5), ("IE", 2, 0), ("AU", 2, 10), ("BR", 1, -3), ("JP", 1, 9),
];

/// A browser as it names itself, and its share of the devices.
#[rustfmt::skip]
pub(super) static AGENTS: [(&str, u32); 14] = [
    // Desktop.
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36", 24),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36", 8),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15", 6),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0", 6),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0", 4),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0", 2),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", 1),
    // Mobile.
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", 22),
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36", 17),
    ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36", 4),
    ("Mozilla/5.0 (Android 15; Mobile; rv:146.0) Gecko/146.0 Firefox/146.0", 1),
    // Tablet.
    ("Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", 3),
    ("Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", 1),
    ("Mozilla/5.0 (Linux; Android 12; Lenovo TB-X606F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", 1),
];

/// As written, and as it stands in a mail address.
#[rustfmt::skip]
static GIVEN_NAMES: [(&str, &str); 32] = [
    ("Anna", "anna"), ("Ben", "ben"), ("Chloé", "chloe"), ("Daniel", "daniel"), ("Elena", "elena"),
    ("Finn", "finn"), ("Grace", "grace"), ("Hannah", "hannah"), ("Ivan", "ivan"), ("Julia", "julia"),
    ("José", "jose"), ("Karl", "karl"), ("Laura", "laura"), ("Mia", "mia"), ("Noah", "noah"),
    ("Olivia", "olivia"), ("Paul", "paul"), ("Rosa", "rosa"), ("Sofia", "sofia"), ("Tom", "tom"),
    ("Yuki", "yuki"), ("Zoë", "zoe"), ("Liam", "liam"), ("Emma", "emma"), ("Lucas", "lucas"),
    ("Marta", "marta"), ("Oscar", "oscar"), ("Ines", "ines"), ("Hugo", "hugo"), ("Clara", "clara"),
    ("Piotr", "piotr"), ("Nora", "nora"),
];

#[rustfmt::skip]
static FAMILY_NAMES: [(&str, &str); 36] = [
    ("Smith", "smith"), ("Müller", "mueller"), ("Johnson", "johnson"), ("Dubois", "dubois"), ("García", "garcia"),
    ("Rossi", "rossi"), ("de Vries", "devries"), ("Nowak", "nowak"), ("Larsson", "larsson"), ("Tanaka", "tanaka"),
    ("O'Brien", "obrien"), ("Silva", "silva"), ("Brown", "brown"), ("Schmidt", "schmidt"), ("Martin", "martin"),
    ("López", "lopez"), ("Bianchi", "bianchi"), ("Jansen", "jansen"), ("Kowalska", "kowalska"), ("Berg", "berg"),
    ("Sato", "sato"), ("Murphy", "murphy"), ("Costa", "costa"), ("Taylor", "taylor"), ("Weber", "weber"),
    ("Moreau", "moreau"), ("Ruiz", "ruiz"), ("Ferrari", "ferrari"), ("Bakker", "bakker"), ("Wójcik", "wojcik"),
    ("Lind", "lind"), ("Walker", "walker"), ("Fischer", "fischer"), ("Laurent", "laurent"), ("Evans", "evans"),
    ("Hughes", "hughes"),
];

static MAIL_DOMAINS: [&str; 5] = ["mail.example", "inbox.example", "post.example", "letters.example", "work.example"];

/// How many addresses a person has; after the last one comes the first again.
pub(super) const ADDRESSES: u8 = MAIL_DOMAINS.len() as u8;

/// The name of a client, and what its mail addresses are made of.
pub(super) struct Name {
    given: (&'static str, &'static str),
    family: (&'static str, &'static str),
    domain: usize,
    number: u32,
}

/// The name of client `number`.
pub(super) fn name(seed: u64, number: u32) -> Name {
    let mut chance = Chance::new(seed, Purpose::Name, 0, number);
    Name {
        given: GIVEN_NAMES[chance.index(GIVEN_NAMES.len())],
        family: FAMILY_NAMES[chance.index(FAMILY_NAMES.len())],
        domain: chance.index(MAIL_DOMAINS.len()),
        number,
    }
}

impl Name {
    /// Given and family name.
    pub(super) fn full(&self) -> String {
        format!("{} {}", self.given.0, self.family.0)
    }

    /// The mail address number `address`, below [`ADDRESSES`]. No two clients share one.
    pub(super) fn email(&self, address: u8) -> String {
        let domain = MAIL_DOMAINS[(self.domain + usize::from(address)) % MAIL_DOMAINS.len()];
        format!("{}.{}{}@{domain}", self.given.1, self.family.1, self.number)
    }
}

/// A random country, as an index into [`COUNTRIES`].
pub(super) fn country(chance: &mut Chance) -> u8 {
    chance.weighted(COUNTRIES.iter().map(|country| country.1)) as u8
}

/// A random browser, as an index into [`AGENTS`].
pub(super) fn agent(chance: &mut Chance) -> u8 {
    chance.weighted(AGENTS.iter().map(|agent| agent.1)) as u8
}

#[cfg(test)]
mod tests {
    use super::{AGENTS, COUNTRIES, name};

    #[test]
    fn a_client_keeps_its_name_and_changes_its_address() {
        let (first, again) = (name(42, 7), name(42, 7));
        assert_eq!(first.full(), again.full());
        assert_ne!(first.email(0), first.email(1));
        assert!(first.email(0).is_ascii());
    }

    #[test]
    fn shares_are_percentages() {
        assert_eq!(COUNTRIES.iter().map(|country| country.1).sum::<u32>(), 100);
        assert_eq!(AGENTS.iter().map(|agent| agent.1).sum::<u32>(), 100);
    }
}
