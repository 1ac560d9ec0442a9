//! The servers in a URL, in libpq's syntax: one or several, and which of them are suitable.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::record::BoxError;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::connect::address::Reached;
use crate::connect::error::ConnectError;
use crate::connect::session_attrs::{ATTRS, Access, Wanted};

/// One server.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) options: PgConnectOptions,
    /// Host and port, or the folder of the socket.
    pub(crate) address: String,
    pub(crate) reached: Arc<Reached>,
}

/// The servers in a URL, at least one.
#[derive(Clone)]
pub(crate) struct Hosts {
    first: Host,
    others: Vec<Host>,
    wanted: Option<Wanted>,
    /// The index of the last suitable server.
    last: Arc<AtomicUsize>,
}

impl Hosts {
    /// Parses a URL.
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        Self::read(url).map_err(|source| ConnectError::InvalidUrl { source })
    }

    fn read(url: &str) -> Result<Self, BoxError> {
        let parts = UrlParts::of(url)?;
        let wanted = parts.wanted.map(str::parse).transpose()?;
        let first = Host::parse(&parts.url(parts.first))?;
        let others = parts.others.iter().map(|server| Host::parse(&parts.url(*server)));
        Ok(Self { first, others: others.collect::<Result<_, _>>()?, wanted, last: Arc::default() })
    }

    /// The first server in the URL; user and database are the same for all.
    pub(crate) const fn first(&self) -> &Host {
        &self.first
    }

    pub(crate) const fn are_several(&self) -> bool {
        !self.others.is_empty()
    }

    /// All of them, for messages.
    pub(crate) fn addresses(&self) -> String {
        let addresses: Vec<&str> = self.all().map(|host| &*host.address).collect();
        addresses.join(", ")
    }

    fn all(&self) -> impl Iterator<Item = &Host> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// All servers with their indexes, in the order in which they are tried.
    pub(crate) fn in_order(&self, wanted: Wanted) -> Vec<(usize, &Host)> {
        let mut all: Vec<_> = self.all().enumerate().collect();
        if wanted.is_of_one() {
            // A failed server can take long to be noticed, so the last suitable one goes first.
            let last = self.last.load(Ordering::Relaxed).min(all.len() - 1);
            all[..=last].rotate_right(1);
        }
        all
    }

    /// Records the index of the suitable server.
    pub(crate) fn found(&self, number: usize) {
        self.last.store(number, Ordering::Relaxed);
    }

    /// The kind of server that is looked for.
    pub(crate) fn wanted(&self, access: Access) -> Wanted {
        match self.wanted {
            Some(Wanted::Any) | None if access == Access::Write => Wanted::ReadWrite,
            Some(wanted) => wanted,
            None => Wanted::Any,
        }
    }

    /// Fails if a store that writes cannot be opened with these parameters.
    pub(crate) fn check(&self, access: Access) -> Result<(), ConnectError> {
        match self.wanted.filter(|wanted| access == Access::Write && !wanted.writes()) {
            Some(wanted) => Err(ConnectError::InvalidUrl {
                source: format!("{ATTRS}={} is for read-only stores (`read_only`)", wanted.name()).into(),
            }),
            None => Ok(()),
        }
    }
}

impl Host {
    fn parse(url: &str) -> Result<Self, BoxError> {
        let options = PgConnectOptions::from_str(url).map_err(|error| error.to_string())?;
        // The server's default is as exact, and poolers reject this setting.
        let options = options.disable_statement_logging().extra_float_digits(None);
        let address = match options.get_socket() {
            Some(folder) => format!("{}, port {}", folder.display(), options.get_port()),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        };
        Ok(Self { options, address, reached: Arc::default() })
    }
}

/// Host and port, either of which may be empty.
type HostPort<'u> = (&'u str, &'u str);

/// A parsed URL; percent-encoding is kept.
struct UrlParts<'u> {
    scheme: &'u str,
    /// Including the `@`.
    user: &'u str,
    first: HostPort<'u>,
    others: Vec<HostPort<'u>>,
    path: &'u str,
    /// The parameters that do not concern hosts.
    parameters: Vec<&'u str>,
    wanted: Option<&'u str>,
}

impl<'u> UrlParts<'u> {
    fn of(url: &'u str) -> Result<Self, BoxError> {
        let scheme = ["postgres://", "postgresql://"].into_iter().find(|scheme| url.starts_with(scheme));
        // The driver would accept any scheme.
        let Some(scheme) = scheme else {
            return Err("it does not begin with postgres:// or postgresql://".into());
        };
        // The driver would send the text before it.
        if url.contains('\0') || url.contains("%00") {
            return Err("it contains a NUL character".into());
        }
        let rest = url[scheme.len()..].split('#').next().unwrap_or_default();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, servers) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let (mut hosts, mut ports): (Vec<_>, Vec<_>) = list(servers).into_iter().map(host_and_port).unzip();
        let (mut parameters, mut wanted) = (Vec::new(), None);
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("host" | "hostaddr", value)) => hosts = list(value),
                Some(("port", value)) => ports = list(value),
                Some((ATTRS, value)) => wanted = Some(value),
                _ => parameters.push(parameter),
            }
        }
        if let [port] = ports[..] {
            ports.resize(hosts.len(), port);
        }
        if ports.len() != hosts.len() {
            return Err(format!("it names {} hosts and {} ports", hosts.len(), ports.len()).into());
        }
        let mut servers = hosts.into_iter().zip(ports);
        let first = servers.next().unwrap_or_default();
        Ok(Self { scheme, user, first, others: servers.collect(), path, parameters, wanted })
    }

    /// The URL of one of the servers.
    fn url(&self, (host, port): HostPort<'_>) -> String {
        let Self { scheme, user, path, .. } = self;
        // In the query, where the directory of a socket is allowed as well. Without a host, the driver uses
        // its default.
        let somewhere = if host.is_empty() && self.others.is_empty() { "" } else { "localhost" };
        let mut query = self.parameters.join("&");
        for (name, value) in [("host", host), ("port", port)] {
            if !value.is_empty() {
                query = format!("{query}&{name}={value}");
            }
        }
        format!("{scheme}{user}{somewhere}{path}?{query}")
    }
}

/// The items between commas, encoded or not.
fn list(text: &str) -> Vec<&str> {
    text.split(',').flat_map(|part| part.split("%2C")).flat_map(|part| part.split("%2c")).collect()
}

/// An IPv6 address is in brackets.
fn host_and_port(server: &str) -> (&str, &str) {
    let colon = server.rfind(':').filter(|at| server.rfind(']').is_none_or(|bracket| bracket < *at));
    match colon {
        Some(at) => (&server[..at], &server[at + 1..]),
        None => (server, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &str) -> Vec<String> {
        Hosts::parse(url).expect(url).all().map(|host| host.address.clone()).collect()
    }

    #[test]
    fn hosts_are_read_as_libpq_reads_them() {
        for (url, expected) in [
            ("postgres://a/db", &["a:5432"][..]),
            ("postgresql://me:secret@a:5433/db", &["a:5433"]),
            ("postgres://me@a:1,b/db", &["a:1", "b:5432"]),
            (
                "postgres://me@a,b:5433,[::1]:7,[fe80::2]/db?sslmode=disable",
                &["a:5432", "b:5433", "[::1]:7", "[fe80::2]:5432"],
            ),
            ("postgres://me@/db?host=a,b&port=1,2", &["a:1", "b:2"]),
            ("postgres://me@x:9/db?port=7&host=a,b", &["a:7", "b:7"]),
            ("postgres://me@x:9/db?host=a,b", &["a:9", "b:9"]),
            ("postgres://me@/db?host=%2Fone%2Ca,/two", &["/one, port 5432", "a:5432", "/two, port 5432"]),
            ("postgres://me@%2Fone:1,b/db", &["/one, port 1", "b:5432"]),
            ("postgres://me@a,b?target_session_attrs=any", &["a:5432", "b:5432"]),
            ("postgres://127.0.0.1,:7/db", &["127.0.0.1:5432", "localhost:7"]),
        ] {
            assert_eq!(addresses(url), expected, "{url}");
        }
        assert_eq!(addresses("postgres:///db").len(), 1, "the driver's default");
    }

    #[test]
    fn the_rest_of_a_url_is_common_to_its_hosts() {
        let url = "postgres://me:s%40%2C@a,b/d%2Fb?application_name=shop&target_session_attrs=primary";
        let hosts = Hosts::parse(url).expect("hosts");
        assert_eq!(hosts.wanted, Some(Wanted::Primary));
        for host in hosts.all() {
            assert_eq!(host.options.get_username(), "me");
            assert_eq!(host.options.get_database(), Some("d/b"));
            assert_eq!(host.options.get_application_name(), Some("shop"));
        }
    }

    #[test]
    fn an_invalid_list_of_hosts_is_refused_without_the_password() {
        for url in [
            "mysql://a/db",
            "postgres://me:hunter2@a,b/db?port=1,2,3",
            "postgres://me:hunter2@a:x,b/db",
            "postgres://me:hunter2@a,b/db?target_session_attrs=master",
        ] {
            let Err(error) = Hosts::parse(url) else { panic!("{url}") };
            assert!(matches!(&error, ConnectError::InvalidUrl { .. }), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        for (attrs, writes) in [("any", true), ("read-write", true), ("primary", true), ("standby", false)] {
            let hosts = Hosts::parse(&format!("postgres://a/db?target_session_attrs={attrs}"));
            let hosts = hosts.expect(attrs);
            assert_eq!(hosts.check(Access::Write).is_ok(), writes, "{attrs}");
            assert!(hosts.check(Access::Read).is_ok());
        }
    }

    #[test]
    fn the_last_suitable_server_is_tried_first_when_only_one_can_be_suitable() {
        let hosts = Hosts::parse("postgres://a,b,c/db").expect("hosts");
        let order = |wanted| -> Vec<usize> { hosts.in_order(wanted).iter().map(|(at, _)| *at).collect() };
        assert_eq!(order(Wanted::ReadWrite), [0, 1, 2]);
        hosts.found(1);
        assert_eq!(order(Wanted::ReadWrite), [1, 0, 2]);
        assert_eq!(order(Wanted::Any), [0, 1, 2]);
    }
}
