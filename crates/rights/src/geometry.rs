//! Geometry of parcels: WKT in degrees of CGCS2000 (EPSG:4490), bounding boxes, rounding, and the area in which two parcels lie on one
//! another.
//!
//! Read are `POINT`, `POLYGON` and `MULTIPOLYGON` in two dimensions. Coordinates count in 10^-9 of a degree (a tenth of a millimetre),
//! so that what is written again is the same on every machine; only areas are computed in floats, in metres around the place.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::float::single::SingleFloatOverlay;
use std::fmt;

/// Units of a degree.
const DEGREE: i64 = 1_000_000_000;
/// Most points of a geometry.
pub const POINTS_MAX: usize = 20_000;
/// Units of a coordinate rounded to 4 places.
const ROUND4: i64 = 100_000;

/// A point in units of 10^-9 of a degree: longitude, latitude.
pub type Point = (i64, i64);

/// Polygons, each with its outer ring and its holes; rings are closed. Or one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Geometry {
    /// One point.
    Point(Point),
    /// One or more polygons.
    Polygons(Vec<Vec<Vec<Point>>>),
}

/// The smallest and largest longitude and latitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Smallest longitude and latitude.
    pub least: Point,
    /// Largest longitude and latitude.
    pub most: Point,
}

impl Bounds {
    /// No less than the area that the two have in common, in m²: a degree is nowhere longer than 112 km.
    pub fn common_area_most(&self, other: &Self) -> f64 {
        let side = |least: i64, most: i64| (most - least).max(0) as f64 / DEGREE as f64 * 112_000.0;
        side(self.least.0.max(other.least.0), self.most.0.min(other.most.0)) * side(self.least.1.max(other.least.1), self.most.1.min(other.most.1))
    }

    /// Whether the two have anything in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.least.0 <= other.most.0 && other.least.0 <= self.most.0 && self.least.1 <= other.most.1 && other.least.1 <= self.most.1
    }
}

/// A reader of WKT. It goes forward over the text and never deeper than a polygon of rings of points.
struct Reader<'t> {
    rest: &'t str,
    points: usize,
}

impl Reader<'_> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn takes(&mut self, word: char) -> bool {
        self.blank();
        let Some(rest) = self.rest.strip_prefix(word) else { return false };
        self.rest = rest;
        true
    }

    fn word(&mut self) -> String {
        self.blank();
        let end = self.rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_ascii_uppercase()
    }

    /// A coordinate, at most so many degrees from 0. Digits behind the ninth place are not kept.
    fn coordinate(&mut self, degrees_max: i64) -> Option<i64> {
        self.blank();
        let end = self.rest.find(|character: char| !(character.is_ascii_digit() || "+-.".contains(character))).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.len() <= 20 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) || whole.len() > 3 {
            return None;
        }
        let units = whole.parse::<i64>().ok()? * DEGREE + format!("{fraction:0<9}")[..9].parse::<i64>().ok()?;
        (units <= degrees_max * DEGREE).then_some(if negative { -units } else { units })
    }

    fn point(&mut self) -> Option<Point> {
        self.points += 1;
        (self.points <= POINTS_MAX).then_some(())?;
        Some((self.coordinate(180)?, self.coordinate(90)?))
    }

    /// `( element , … )`.
    fn list<T>(&mut self, element: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.takes('(').then_some(())?;
        let mut elements = vec![element(self)?];
        while self.takes(',') {
            elements.push(element(self)?);
        }
        self.takes(')').then_some(elements)
    }

    /// A closed ring with an inside.
    fn ring(&mut self) -> Option<Vec<Point>> {
        let ring = self.list(Self::point)?;
        (ring.len() >= 4 && ring.first() == ring.last()).then_some(ring)
    }

    fn polygon(&mut self) -> Option<Vec<Vec<Point>>> {
        self.list(Self::ring)
    }
}

impl Geometry {
    /// The geometry that is written so; none for other types, other dimensions, open rings, places that are not on Earth, and more than
    /// [`POINTS_MAX`] points.
    pub fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text, points: 0 };
        let geometry = match reader.word().as_str() {
            "POINT" => Self::Point(reader.list(Reader::point).filter(|points| points.len() == 1)?[0]),
            "POLYGON" => Self::Polygons(vec![reader.polygon()?]),
            "MULTIPOLYGON" => Self::Polygons(reader.list(Reader::polygon)?),
            _ => return None,
        };
        reader.blank();
        reader.rest.is_empty().then_some(geometry)
    }

    /// Puts its rings at the end of `bytes`, in few of them: counts and differences of coordinates, 7 bits a byte. A point has none.
    pub(crate) fn pack(&self, bytes: &mut Vec<u8>) {
        let Self::Polygons(polygons) = self else { return };
        let (mut longitude, mut latitude) = (0, 0);
        for ring in polygons.iter().flatten() {
            put(ring.len() as u64, bytes);
            for point in ring {
                put(folded(point.0 - longitude), bytes);
                put(folded(point.1 - latitude), bytes);
                (longitude, latitude) = *point;
            }
        }
    }

    /// The rings that [`Geometry::pack`] put there, as one polygon: inside is what is inside an odd number of them.
    pub(crate) fn unpack(mut bytes: &[u8]) -> Self {
        let (mut rings, mut longitude, mut latitude) = (Vec::new(), 0, 0);
        while !bytes.is_empty() {
            let mut ring = Vec::new();
            for _ in 0..take(&mut bytes) {
                longitude += unfolded(take(&mut bytes));
                latitude += unfolded(take(&mut bytes));
                ring.push((longitude, latitude));
            }
            rings.push(ring);
        }
        Self::Polygons(vec![rings])
    }

    fn points(&self) -> Vec<Point> {
        match self {
            Self::Point(point) => vec![*point],
            Self::Polygons(polygons) => polygons.iter().flatten().flatten().copied().collect(),
        }
    }

    /// Where it lies.
    pub fn bounds(&self) -> Bounds {
        let points = self.points();
        let fold = |choose: fn(i64, i64) -> i64| points.iter().copied().reduce(|left, right| (choose(left.0, right.0), choose(left.1, right.1)));
        Bounds { least: fold(i64::min).unwrap_or_default(), most: fold(i64::max).unwrap_or_default() }
    }

    /// A bounding box, as a polygon: outward to 4 places of a degree, so that no point of a survey is a corner of it; at least one such cell.
    pub fn bounding_box(&self) -> Self {
        let Bounds { least, most } = self.bounds();
        let below = |value: i64| value.div_euclid(ROUND4) * ROUND4;
        let above = |value: i64, least: i64| (below(value - 1) + ROUND4).max(least + ROUND4);
        let cell = |value: i64, end: i64| below(value).min(end * DEGREE - ROUND4);
        let least = (cell(least.0, 180), cell(least.1, 90));
        let most = (above(most.0, least.0), above(most.1, least.1));
        Self::Polygons(vec![vec![vec![least, (most.0, least.1), most, (least.0, most.1), least]]])
    }

    /// With coordinates of 4 places of a degree, a half away from zero.
    pub fn rounded(&self) -> Self {
        let round = |value: i64| (value.abs() + ROUND4 / 2) / ROUND4 * ROUND4 * value.signum();
        let point = |(longitude, latitude): &Point| (round(*longitude), round(*latitude));
        match self {
            Self::Point(place) => Self::Point(point(place)),
            Self::Polygons(polygons) => {
                Self::Polygons(polygons.iter().map(|rings| rings.iter().map(|ring| ring.iter().map(point).collect()).collect()).collect())
            }
        }
    }

    /// The rings, holes among them, in metres east and north of `origin`.
    fn metres(&self, origin: Point) -> Vec<Vec<[f64; 2]>> {
        // GRS 80, the ellipsoid of CGCS2000: metres of a degree at the latitude of the origin.
        let latitude = (origin.1 as f64 / DEGREE as f64).to_radians();
        let (axis, eccentricity) = (6_378_137.0_f64, 0.006_694_380_022_90_f64);
        let curve = 1.0 - eccentricity * latitude.sin().powi(2);
        let north = axis * (1.0 - eccentricity) / curve.powf(1.5) * 1.0_f64.to_radians();
        let east = axis / curve.sqrt() * latitude.cos() * 1.0_f64.to_radians();
        let place =
            |(longitude, latitude): &Point| [(longitude - origin.0) as f64 / DEGREE as f64 * east, (latitude - origin.1) as f64 / DEGREE as f64 * north];
        match self {
            Self::Point(_) => Vec::new(),
            Self::Polygons(polygons) => polygons.iter().flatten().map(|ring| ring.iter().map(place).collect()).collect(),
        }
    }

    /// What is left of both by a rule, in m². A place is inside a geometry when it is inside an odd number of its rings.
    fn area_with(&self, other: &Self, rule: OverlayRule) -> f64 {
        let origin = self.bounds().least;
        let (left, right) = (self.metres(origin), other.metres(origin));
        left.overlay(&right, rule, FillRule::EvenOdd).iter().map(|rings| shape_area(rings)).sum()
    }

    /// The area in which both lie, in m². A point has none.
    pub fn overlap(&self, other: &Self) -> f64 {
        if self.bounds().meets(&other.bounds()) { self.area_with(other, OverlayRule::Intersect) } else { 0.0 }
    }

    /// The area that lies outside `boundary`, in m². A point has none.
    pub fn outside(&self, boundary: &Self) -> f64 {
        self.area_with(boundary, OverlayRule::Difference)
    }
}

/// Small numbers of either sign as small numbers.
fn folded(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

fn unfolded(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

fn put(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// The next number; 0 at the end.
fn take(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if *byte < 0x80 || shift > 63 {
            break;
        }
    }
    value
}

/// The area of a shape: its outer ring without its holes, which run the other way round.
fn shape_area(rings: &[Vec<[f64; 2]>]) -> f64 {
    let twice = |ring: &Vec<[f64; 2]>| -> f64 {
        let next = ring.iter().cycle().skip(1);
        ring.iter().zip(next).map(|([x, y], [next_x, next_y])| x * next_y - next_x * y).sum()
    };
    rings.iter().map(twice).sum::<f64>().abs() / 2.0
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coordinate = |units: i64| {
            let (sign, size) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
            let fraction = format!("{:09}", size % DEGREE as u64);
            let fraction = fraction.trim_end_matches('0');
            format!("{sign}{}{}{fraction}", size / DEGREE as u64, if fraction.is_empty() { "" } else { "." })
        };
        let point = |(longitude, latitude): &Point| format!("{} {}", coordinate(*longitude), coordinate(*latitude));
        let list = |parts: Vec<String>| format!("({})", parts.join(", "));
        let polygon = |rings: &Vec<Vec<Point>>| list(rings.iter().map(|ring| list(ring.iter().map(point).collect())).collect());
        match self {
            Self::Point(place) => write!(f, "POINT ({})", point(place)),
            Self::Polygons(polygons) => match polygons.as_slice() {
                [one] => write!(f, "POLYGON {}", polygon(one)),
                more => write!(f, "MULTIPOLYGON {}", list(more.iter().map(polygon).collect())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rectangle at 120 E, 31.5 N, sides in 10^-9 of a degree.
    fn rectangle(west: i64, south: i64, east: i64, north: i64) -> Geometry {
        let at = |x: i64, y: i64| (120 * DEGREE + x, 31 * DEGREE + DEGREE / 2 + y);
        Geometry::Polygons(vec![vec![vec![at(west, south), at(east, south), at(east, north), at(west, north), at(west, south)]]])
    }

    #[test]
    fn areas_are_those_of_the_ellipsoid() {
        // A thousandth of a degree at 31.5 N on GRS 80: 95.002 m by 110.878 m.
        let field = rectangle(0, 0, 1_000_000, 1_000_000);
        let area = field.overlap(&field);
        assert!((area - 95.002 * 110.878).abs() < 1.0, "{area}");
        assert!(field.outside(&field) < 0.001);
    }

    #[test]
    fn neighbours_do_not_overlap_and_strips_do() {
        let field = rectangle(0, 0, 1_000_000, 1_000_000);
        assert!(field.overlap(&rectangle(1_000_000, 0, 2_000_000, 1_000_000)) < 0.001);
        assert!(field.overlap(&rectangle(1_000_000, 1_000_000, 2_000_000, 2_000_000)) < 0.001);
        // A strip of 110.878 m is 1 m² at a width of 9.02 mm, which is 95 units.
        assert!(field.overlap(&rectangle(1_000_000 - 94, 0, 2_000_000, 1_000_000)) < 1.0);
        assert!(field.overlap(&rectangle(1_000_000 - 96, 0, 2_000_000, 1_000_000)) > 1.0);
        assert_eq!(field.overlap(&rectangle(3_000_000, 0, 4_000_000, 1_000_000)), 0.0);
    }

    #[test]
    fn what_lies_in_a_hole_does_not_overlap() {
        let Geometry::Polygons(mut polygons) = rectangle(0, 0, 3_000_000, 3_000_000) else { panic!("a rectangle is a polygon") };
        let Geometry::Polygons(hole) = rectangle(1_000_000, 1_000_000, 2_000_000, 2_000_000) else { panic!("a rectangle is a polygon") };
        polygons[0].push(hole[0][0].clone());
        let ring = Geometry::Polygons(polygons);
        let inner = rectangle(1_000_000, 1_000_000, 2_000_000, 2_000_000);
        assert!(ring.overlap(&inner) < 0.001);
        let nine = ring.overlap(&ring) / inner.overlap(&inner);
        assert!((nine - 8.0).abs() < 0.01, "{nine}");
        assert!((ring.outside(&inner) - ring.overlap(&ring)).abs() < 0.01);
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        for text in [
            "POLYGON ((120.123456789 31.5, 120.2 31.500000001, -180 -90, 120.123456789 31.5), (0 0, 1 0, 1 1, 0 0))",
            "POLYGON ((180 90, -180 90, 180 -90, 180 90))",
        ] {
            let (geometry, mut bytes) = (Geometry::parse(text).expect("right"), Vec::new());
            geometry.pack(&mut bytes);
            assert_eq!(Geometry::unpack(&bytes), geometry);
        }
        let mut bytes = Vec::new();
        rectangle(0, 0, 1_000_000, 1_000_000).pack(&mut bytes);
        assert!(bytes.len() < 40, "{}", bytes.len());
    }

    #[test]
    fn points_are_counted() {
        let ring = |points: usize| format!("POLYGON (({}0 0))", "0 0, ".repeat(points - 1));
        assert!(Geometry::parse(&ring(POINTS_MAX)).is_some());
        assert!(Geometry::parse(&ring(POINTS_MAX + 1)).is_none());
    }

    #[test]
    fn only_what_is_known_is_read() {
        for (text, right) in [
            ("POINT (120.5 31.25)", true),
            ("point(120.5 31.25)", true),
            (" POLYGON((0 0,1 0,1 1,0 0)) ", true),
            ("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((2 2, 3 2, 3 3, 2 2), (2.1 2.1, 2.2 2.1, 2.2 2.2, 2.1 2.1)))", true),
            ("POINT (180 90)", true),
            ("POINT (180.000000001 90)", false),
            ("POINT (0 -90.000000001)", false),
            ("POINT Z (1 2 3)", false),
            ("POINT (1 2 3)", false),
            ("POINT EMPTY", false),
            ("POINT (1e2 2)", false),
            ("POINT (+1 2)", false),
            ("POINT (1. 2)", false),
            ("POINT (NaN 2)", false),
            ("POINT (1 2), POINT (1 2)", false),
            ("POLYGON ((0 0, 1 0, 1 1))", false),
            ("POLYGON ((0 0, 1 0, 0 0))", false),
            ("POLYGON (0 0, 1 0, 1 1, 0 0)", false),
            ("GEOMETRYCOLLECTION (POINT (1 2))", false),
            ("SRID=4490;POINT (1 2)", false),
            ("", false),
        ] {
            let geometry = Geometry::parse(text);
            assert_eq!(geometry.is_some(), right, "{text}");
            if let Some(geometry) = geometry {
                assert_eq!(Geometry::parse(&geometry.to_string()), Some(geometry), "{text}");
            }
        }
    }
}
