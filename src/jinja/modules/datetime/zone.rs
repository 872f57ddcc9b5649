//! Time zones as `pytz` has them: a name, and the offset that one point in time has there.

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{OffsetComponents, OffsetName, Tz};

/// A zone, with the offset that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::jinja::modules) struct Zone {
    /// `None` for a fixed offset.
    pub(in crate::jinja::modules) named: Option<Tz>,
    /// Seconds east of Greenwich.
    pub(in crate::jinja::modules) offset: i32,
    /// Seconds of the offset that are daylight saving.
    pub(in crate::jinja::modules) dst: i32,
    /// `UTC`, `CEST`.
    pub(in crate::jinja::modules) abbreviation: String,
}

impl Zone {
    /// `pytz.utc`.
    pub(in crate::jinja::modules) fn utc() -> Zone {
        Zone { named: Some(Tz::UTC), offset: 0, dst: 0, abbreviation: "UTC".to_owned() }
    }

    /// An offset without a name: `+02:00`.
    pub(in crate::jinja::modules) fn fixed(offset: i32) -> Zone {
        let abbreviation = if offset == 0 { "UTC".to_owned() } else { format!("UTC{}", clock(offset, true)) };
        Zone { named: None, offset, dst: 0, abbreviation }
    }

    /// What `pytz.timezone` gives: without a point in time, a zone has the first offset that is known of it.
    pub(in crate::jinja::modules) fn named(tz: Tz) -> Zone {
        let early = NaiveDate::from_ymd_opt(1800, 1, 1).unwrap_or_default().and_time(chrono::NaiveTime::MIN);
        let mut zone = Zone::at(tz, early);
        // Offsets of that time are those of the place itself; `pytz` rounds them to minutes.
        zone.offset = (zone.offset + 30).div_euclid(60) * 60;
        zone
    }

    /// The zone at a point in time, given as UTC.
    pub(in crate::jinja::modules) fn at(tz: Tz, utc: NaiveDateTime) -> Zone {
        Zone::of(tz, &tz.offset_from_utc_datetime(&utc))
    }

    /// The same zone at another point in time, given as UTC.
    pub(in crate::jinja::modules) fn moved(&self, utc: NaiveDateTime) -> Zone {
        self.named.map_or_else(|| self.clone(), |tz| Zone::at(tz, utc))
    }

    /// The zone at a local time. A time that comes twice is the second one, and one that is left out the one before
    /// the change, as with `is_dst=False`.
    pub(in crate::jinja::modules) fn local(&self, local: NaiveDateTime, is_dst: bool) -> Zone {
        let Some(tz) = self.named else { return self.clone() };
        match tz.offset_from_local_datetime(&local) {
            chrono::LocalResult::Single(offset) => Zone::of(tz, &offset),
            chrono::LocalResult::Ambiguous(first, second) => Zone::of(tz, if is_dst { &first } else { &second }),
            chrono::LocalResult::None => {
                let day = chrono::TimeDelta::days(1);
                let near = if is_dst { local.checked_add_signed(day) } else { local.checked_sub_signed(day) };
                Zone::at(tz, near.unwrap_or(local))
            }
        }
    }

    fn of(tz: Tz, offset: &<Tz as TimeZone>::Offset) -> Zone {
        Zone {
            named: Some(tz),
            offset: offset.fix().local_minus_utc(),
            dst: i32::try_from(offset.dst_offset().num_seconds()).unwrap_or(0),
            abbreviation: offset.abbreviation().unwrap_or_default().to_owned(),
        }
    }

    /// The name that it was asked for by.
    pub(in crate::jinja::modules) fn name(&self) -> &str {
        self.named.map_or(self.abbreviation.as_str(), |it| it.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An offset as `+02:00` or `+0200`; seconds only where it has any.
pub(super) fn clock(offset: i32, colons: bool) -> String {
    let (sign, seconds) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
    let colon = if colons { ":" } else { "" };
    let mut text = format!("{sign}{:02}{colon}{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 != 0 {
        text.push_str(&format!("{colon}{:02}", seconds % 60));
    }
    text
}
