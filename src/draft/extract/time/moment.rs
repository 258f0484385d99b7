//! From the parts of a time expression to civil time, counted back from the call's start.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Weekday};

use crate::draft::schema::Precision;

/// A time as exact as it was said: it lies in `from..=to`, both civil time of the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    pub from: DateTime,
    pub to: DateTime,
    pub precision: Precision,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Day {
    /// Days before the call's.
    Ago(i32),
    /// The last such day, today included only without `last`.
    Weekday {
        day: Weekday,
        week: Week,
    },
    Date {
        years: Years,
        month: Option<i8>,
        day: Option<i8>,
    },
    /// Weeks and months before the running one.
    WeekAgo(i32),
    MonthAgo {
        months: i32,
        day: Option<i8>,
    },
}

/// Which one of a weekday.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Week {
    /// The most recent.
    Latest,
    /// The most recent before today (`last Tuesday`).
    Before,
    /// Of the week so many weeks ago, which begins on Monday (`上周三`).
    Ago(i32),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Years {
    /// The most recent that is not to come.
    Latest,
    Ago(i16),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    SmallHours,
    Morning,
    Noon,
    Afternoon,
    Evening,
    Night,
    /// Just before the call, whichever half of the day.
    Recent,
}

/// An hour as said, 0 to 24, and minutes if they were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockTime {
    pub hour: i8,
    pub minute: Option<i8>,
    pub afternoon: Option<bool>,
}

/// `None`: no such day, or it is still to come.
pub fn resolve(now: DateTime, day: Day, part: Option<Part>, clock: Option<ClockTime>) -> Option<Moment> {
    let (first, last, precision) = days(now.date(), day)?;
    let moment = match (precision, part, clock) {
        (Precision::Day, part, Some(clock)) => at_clock(first, part, clock)?,
        (Precision::Day, Some(part), None) => in_part(first, part)?,
        _ => Moment { from: first.at(0, 0, 0, 0), to: last.at(23, 59, 59, 0), precision },
    };
    let later = moment.from.checked_add(12.hours()).ok().filter(|later| part == Some(Part::Recent) && *later <= now);
    let moment = later.map_or(moment, |later| Moment { from: later, to: later, ..moment });
    (moment.from <= now).then_some(moment)
}

fn days(today: Date, day: Day) -> Option<(Date, Date, Precision)> {
    let one = |date: Date| Some((date, date, Precision::Day));
    match day {
        Day::Ago(days) => one(today.checked_sub(days.days()).ok()?),
        Day::Weekday { day, week } => {
            let back = i32::from(today.weekday().since(day));
            let date = match week {
                Week::Latest => today.checked_sub(back.days()),
                Week::Before => today.checked_sub(if back == 0 { 7 } else { back }.days()),
                Week::Ago(weeks) => {
                    monday(today)?.checked_sub((weeks * 7 - i32::from(day.to_monday_zero_offset())).days())
                }
            };
            one(date.ok()?)
        }
        Day::WeekAgo(weeks) => {
            let first = monday(today)?.checked_sub((weeks * 7).days()).ok()?;
            Some((first, first.checked_add(6.days()).ok()?, Precision::Week))
        }
        Day::MonthAgo { months, day } => {
            let first = today.first_of_month().checked_sub(months.months()).ok()?;
            in_month(first, day)
        }
        Day::Date { years, month, day } => {
            let month = month.unwrap_or(today.month());
            let year = match years {
                Years::Ago(years) => today.year().checked_sub(years)?,
                Years::Latest => {
                    let later = (month, day.unwrap_or(1)) > (today.month(), today.day());
                    today.year() - i16::from(later)
                }
            };
            in_month(Date::new(year, month, 1).ok()?, day)
        }
    }
}

fn in_month(first: Date, day: Option<i8>) -> Option<(Date, Date, Precision)> {
    match day {
        Some(day) => {
            let date = Date::new(first.year(), first.month(), day).ok()?;
            Some((date, date, Precision::Day))
        }
        None => Some((first, first.last_of_month(), Precision::Month)),
    }
}

fn monday(date: Date) -> Option<Date> {
    date.checked_sub(i32::from(date.weekday().to_monday_zero_offset()).days()).ok()
}

/// Where the parts of a day begin and how many hours they last.
fn in_part(date: Date, part: Part) -> Option<Moment> {
    let (hour, hours) = match part {
        Part::SmallHours => (0, 6),
        Part::Morning => (6, 6),
        Part::Noon => (11, 3),
        Part::Afternoon => (12, 6),
        Part::Evening => (18, 6),
        // Until the next morning.
        Part::Night => (18, 12),
        Part::Recent => return None,
    };
    let from = date.at(hour, 0, 0, 0);
    let to = from.checked_add(i64::from(hours).hours()).ok()?.checked_sub(1.second()).ok()?;
    Some(Moment { from, to, precision: Precision::PartOfDay })
}

fn at_clock(date: Date, part: Option<Part>, clock: ClockTime) -> Option<Moment> {
    let ClockTime { hour, minute, afternoon } = clock;
    let late = matches!(part, Some(Part::Afternoon | Part::Evening | Part::Night)) || afternoon == Some(true);
    let small = part == Some(Part::Night) && (hour <= 5 || hour == 12) && afternoon != Some(true);
    let (date, hour) = match hour {
        24 => (date.tomorrow().ok()?, 0),
        // "Last night at two" is in the morning after.
        _ if small => (date.tomorrow().ok()?, hour % 12),
        1..=2 if part == Some(Part::Noon) => (date, hour + 12),
        1..=11 if late => (date, hour + 12),
        12 if afternoon == Some(false) || part == Some(Part::SmallHours) => (date, 0),
        _ => (date, hour),
    };
    let time = jiff::civil::Time::new(hour, minute.unwrap_or(0), 0, 0).ok()?;
    let from = date.to_datetime(time);
    let precision = if minute.is_some() { Precision::Minute } else { Precision::Hour };
    Some(Moment { from, to: from, precision })
}

/// A whole unit of time before the call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

/// So many halves of the unit ago.
pub fn ago(now: DateTime, halves: i32, unit: Unit) -> Option<Moment> {
    let whole = (halves % 2 == 0).then_some(halves / 2);
    let exact = |minutes: i32, precision| {
        let from = now.checked_sub(i64::from(minutes).minutes()).ok()?;
        let from = from.date().at(from.hour(), from.minute(), 0, 0);
        Some(Moment { from, to: from, precision })
    };
    let (first, last, precision) = match (unit, whole) {
        (Unit::Minute, _) => return exact(halves / 2, Precision::Minute),
        (Unit::Hour, None) => return exact(halves.checked_mul(30)?, Precision::Minute),
        (Unit::Hour, Some(hours)) => return exact(hours.checked_mul(60)?, Precision::Hour),
        (Unit::Day, Some(days)) => self::days(now.date(), Day::Ago(days))?,
        (Unit::Week, Some(weeks)) => self::days(now.date(), Day::WeekAgo(weeks))?,
        (Unit::Month, Some(months)) => self::days(now.date(), Day::MonthAgo { months, day: None })?,
        _ => return None,
    };
    Some(Moment { from: first.at(0, 0, 0, 0), to: last.at(23, 59, 59, 0), precision })
}
