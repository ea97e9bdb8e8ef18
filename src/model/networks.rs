//! Networks of the Internet: whose headers are believed, and from where a credential works.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Addresses and networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

/// One network, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// The text is no network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("each is an IP address or a network, such as 127.0.0.1 or 10.0.0.0/8")]
pub struct InvalidNetwork;

impl Networks {
    /// These networks.
    #[must_use]
    pub const fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Reads addresses and networks in CIDR notation (RFC 4632 3.1).
    ///
    /// # Errors
    /// When one of them is neither.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidNetwork> {
        let networks = texts.into_iter().map(str::parse);
        Ok(Self(networks.collect::<Result<_, _>>()?))
    }

    /// As they are stored: separated by spaces. What cannot be read contains no address.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        let networks = text.split_ascii_whitespace().map(str::parse);
        Self(networks.filter_map(Result::ok).collect())
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `address` is in one of them. An IPv4 address in IPv6 form counts as itself.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.0.iter()
    }
}

impl fmt::Display for Networks {
    /// Separated by spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, network) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{network}")?;
        }
        Ok(())
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (base, bits) = match text.trim().split_once('/') {
            Some((base, bits)) => (base, Some(bits)),
            None => (text.trim(), None),
        };
        let base: IpAddr = base.parse().map_err(|_| InvalidNetwork)?;
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| InvalidNetwork)?,
            None => longest(base),
        };
        match bits <= longest(base) {
            true => Ok(Self { base, bits }),
            false => Err(InvalidNetwork),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bits == longest(self.base) {
            true => write!(f, "{}", self.base),
            false => write!(f, "{}/{}", self.base, self.bits),
        }
    }
}

const fn longest(base: IpAddr) -> u8 {
    match base {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.bits))
                    .unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contain(networks: &[&str], address: &str) -> bool {
        let networks = Networks::parse(networks.iter().copied()).unwrap();
        networks.contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_in_its_network_and_in_no_other() {
        assert!(contain(&["10.0.0.0/8"], "10.255.0.1"));
        assert!(!contain(&["10.0.0.0/8"], "11.0.0.1"));
        assert!(contain(&["127.0.0.1"], "::ffff:127.0.0.1"));
        assert!(!contain(&["127.0.0.1"], "127.0.0.2"));
        assert!(contain(&["fd00::/8", "::1"], "fd12::1"));
        assert!(!contain(&["::1"], "127.0.0.1"));
        assert!(contain(&["0.0.0.0/0"], "192.0.2.1"));
        assert!(!contain(&["0.0.0.0/0"], "2001:db8::1"));
        assert!(!contain(&[], "127.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in [
            "",
            "10.0.0.0/33",
            "proxy",
            "::1/129",
            "10.0.0.0/x",
            "10.0.0.0/",
        ] {
            assert_eq!(Networks::parse([wrong]), Err(InvalidNetwork), "{wrong}");
        }
        assert!(Networks::from_stored("what is this").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm_and_what_is_read_is_written_back(text in ".{0,50}|[0-9./]{1,20}|[0-9a-f:/]{1,30}") {
            if let Ok(network) = text.parse::<Network>() {
                let networks = Networks::new(vec![network, network]);
                prop_assert_eq!(Networks::from_stored(&networks.to_string()), networks);
            }
        }
    }
}
