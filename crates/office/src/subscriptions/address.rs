//! Where may be sent to. An address that somebody enters must not lead the server into its own house (SSRF): https only, and only to
//! addresses of the open internet, unless the installation names the host. The worker checks what a name stands for in the moment of
//! sending ([`is_public`]) and follows nobody elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The longest address.
const ADDRESS_MAX: usize = 500;

/// Hosts that the installation names: they may lie inside the house and be spoken to without TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    hosts: Vec<String>,
}

impl Reach {
    /// Hosts as the configuration names them: `10.1.2.3`, `platform.intranet`, with a port where only that port is meant.
    #[must_use]
    pub fn of(hosts: impl IntoIterator<Item = String>) -> Reach {
        let hosts = hosts.into_iter().map(|host| host.trim().to_lowercase());
        Reach { hosts: hosts.filter(|host| !host.is_empty()).collect() }
    }

    /// Whether the installation names the host of an address.
    #[must_use]
    pub fn names(&self, address: &Url) -> bool {
        let Some(host) = address.host_str() else { return false };
        let port = address.port_or_known_default().unwrap_or_default();
        let with_port = format!("{host}:{port}");
        self.hosts.iter().any(|known| *known == host || *known == with_port)
    }

    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, for whoever typed it.
    pub fn check(&self, address: &str) -> Result<Url, String> {
        if address.is_empty() || address.len() > ADDRESS_MAX {
            return Err(format!("请填写对方接收推送的网址，最多{ADDRESS_MAX}个字符。"));
        }
        let url = Url::parse(address)
            .map_err(|_| "这不是一个完整的网址，应当像 https://example.gov.cn/receive。".to_owned())?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("网址里不要带用户名、密码和 # 号。对方凭签名认出我们。".to_owned());
        }
        let named = self.names(&url);
        match url.scheme() {
            "https" => {}
            "http" if named => {}
            "http" => {
                return Err(
                    "请用 https 的网址。内网主机要用 http 的，请系统运维人员先在启动参数里写明这台主机。"
                        .to_owned(),
                );
            }
            _ => return Err("网址要以 https:// 开头。".to_owned()),
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err("网址里没有主机名。".to_owned()),
        };
        if !named && literal.is_some_and(|address| !is_public(address)) {
            return Err("这是内网地址。确要推送的，请系统运维人员先在启动参数里写明这台主机。".to_owned());
        }
        Ok(url)
    }
}

/// Whether an address is one of the open internet: not of this machine, this network or any that is reserved.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let reserved = a == 0 || a >= 240 || (a == 192 && b == 0 && c == 0) || (a == 198 && (b == 18 || b == 19));
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || shared
        || reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only global unicast; of it neither documentation nor what stands for an IPv4 address behind a translator or relay.
    let global = first & 0xe000 == 0x2000;
    let documentation = first == 0x2001 && second == 0x0db8;
    let relayed = first == 0x2002 || (first == 0x2001 && second == 0);
    global && !documentation && !relayed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inside_the_house_is_public() {
        for inside in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.2.3.4", "223.5.5.5", "2400:3200::1", "::ffff:8.8.8.8"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn an_address_is_https_unless_the_installation_names_its_host() {
        let none = Reach::default();
        let named = Reach::of(["127.0.0.1:9000".to_owned(), "Platform.Intranet".to_owned()]);
        assert!(none.check("https://example.gov.cn/receive?a=1").is_ok());
        for (address, message) in [
            ("", "请填写"),
            ("例子", "完整的网址"),
            ("ftp://example.gov.cn", "https://"),
            ("http://example.gov.cn/", "https"),
            ("https://a:b@example.gov.cn/", "用户名"),
            ("https://example.gov.cn/#x", "#"),
            ("https://127.0.0.1:9000/", "内网地址"),
            // However it is spelled.
            ("https://2130706433/", "内网地址"),
            ("https://0x7f.1/", "内网地址"),
            ("https://[::ffff:127.0.0.1]/", "内网地址"),
            ("http://127.0.0.1:9000/", "https"),
        ] {
            let wrong = none.check(address).unwrap_err();
            assert!(wrong.contains(message), "{address}: {wrong}");
        }
        assert!(named.check("http://127.0.0.1:9000/in").is_ok());
        assert!(named.check("http://platform.intranet:8080/in").is_ok());
        assert!(named.check("http://127.0.0.1:9001/in").is_err(), "another port is another host");
    }
}
