//! The brand's colour, made readable in both themes.

use std::fmt;

/// A colour, each part from 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Color([u8; 3]);

/// Least contrast of text with what is behind it (WCAG 2.2, 1.4.3).
const READABLE: f64 = 4.6;

impl Color {
    pub(super) const WHITE: Self = Self([255; 3]);
    pub(super) const BLACK: Self = Self([0; 3]);
    /// What text stands on, in the light theme: the darkest such colour of the style sheet.
    pub(super) const LIGHT: Self = Self([0xee, 0xf0, 0xf3]);
    /// The same in the dark theme: the lightest such colour.
    pub(super) const DARK: Self = Self([0x20, 0x26, 0x2e]);

    /// Reads `#rrggbb`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = hex::decode(text.strip_prefix('#')?).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Relative luminance, from 0 to 1 (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            match part <= 0.040_45 {
                true => part / 12.92,
                false => ((part + 0.055) / 1.055).powf(2.4),
            }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Contrast with another, from 1 to 21 (WCAG 2.2).
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// This colour, moved towards another by so many hundredths.
    fn towards(self, other: Self, hundredths: u16) -> Self {
        let mix = |from: u8, to: u8| {
            let (from, to) = (u16::from(from), u16::from(to));
            let mixed = (from * (100 - hundredths) + to * hundredths) / 100;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        let [red, green, blue] = self.0;
        let [to_red, to_green, to_blue] = other.0;
        Self([mix(red, to_red), mix(green, to_green), mix(blue, to_blue)])
    }

    /// This colour, no further from itself than it must be to be read on another.
    pub(super) fn readable_on(self, behind: Self) -> Self {
        let ink = behind.ink();
        let mut steps = (0..=100).map(|step| self.towards(ink, step));
        let fits = |color: &Self| color.contrast(behind) >= READABLE;
        steps.find(fits).unwrap_or(ink)
    }

    /// Black or white, whichever is read better on this.
    pub(super) fn ink(self) -> Self {
        match self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            true => Self::WHITE,
            false => Self::BLACK,
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn contrast_is_as_the_guidelines_count_it() {
        assert!((Color::WHITE.contrast(Color::BLACK) - 21.0).abs() < 0.001);
        let grey = Color::parse("#767676").unwrap();
        assert!((grey.contrast(Color::WHITE) - 4.54).abs() < 0.01);
        assert_eq!(Color::parse("#1f6feb").unwrap().to_string(), "#1f6feb");
        assert_eq!(Color::parse("red"), None);
    }

    proptest! {
        #[test]
        fn any_brand_can_be_read(parts in any::<[u8; 3]>()) {
            let brand = Color(parts);
            prop_assert!(brand.contrast(brand.ink()) >= 4.5);
            for behind in [Color::LIGHT, Color::DARK] {
                prop_assert!(brand.readable_on(behind).contrast(behind) >= 4.5);
            }
        }
    }
}
