//! Words of English addresses.

/// Last words of a street's name.
pub const SUFFIXES: &str = "\
    street st road rd avenue ave lane drive square place court boulevard blvd terrace crescent gardens \
    row parade close highway parkway alley mews way walk grove rise circle trail plaza wharf quay";
/// Names never begin with these; going back from the suffix stops here.
pub const STOP: &str = "\
    a an the at on in of and or to from near by is it its it's this that my our your his her their live \
    lives address corner between outside behind along across off over under no not sorry um uh called \
    name street road avenue there are was for with into down up about has have i we number apartment \
    building house same other every whole dark dirty busy any some which what bus car bike cross open \
    public took take just like so here er well then when because who where opposite beside next past you \
    he she they im i'm we're were named restaurant bar shop store right intersection crossing junction \
    all only still again these those broken entire";
pub const UNITS: &str = "apartment apt flat unit suite room shop stall block tower building floor house number";
/// Last words of a building's or an estate's name.
pub const BLOCKS: &str =
    "centre center building tower towers house mansion mansions estate arcade mall complex garden villas apartments";
/// Places that are known by their names.
pub const FACILITIES: &str = "\
    hospital clinic library school college university academy station park playground pool museum mosque temple \
    cemetery airport terminal stadium theatre theater gym";
/// Between such a name and its noun: "Elmhurst branch library".
pub const OF_KIND: &str =
    "branch public primary high middle elementary memorial general train bus subway mtr metro community swimming";
/// After a number these mean it counted something else.
pub const COUNTED: &str = "\
    day days week weeks month months year years hour hours minute minutes people times cars dollars \
    o'clock men women children of am pm";
/// Words before a place that make it more of one.
pub const CUES: &str = "live address located corner crossing intersection it's its lobby outside at";
/// Say nothing between two parts.
pub const FILLERS: &str = ", in um uh er it's its that's and the at on of";
/// Where a thing is that has no address of its own.
pub const BESIDE: &[&str] = &[
    "in front of",
    "across from",
    "next to",
    "next door to",
    "outside of",
    "outside",
    "opposite",
    "behind",
    "beside",
    "near",
];
/// What a name is the name of.
pub const BUSINESSES: &str = "\
    restaurant bar pub shop store cafe café gym school market supermarket hotel salon laundromat bakery pharmacy garage \
    club diner deli clinic church library nursery factory warehouse";

pub fn any(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|one| one == word)
}
