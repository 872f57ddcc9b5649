//! Certificates of the tests' own, made anew each time: those of an authority, and of a server that it vouches for.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// An authority and a server.
pub(crate) struct Certificates {
    authority: String,
    server: String,
}

impl Certificates {
    /// Those of a server of this name.
    pub(crate) fn of(host: &str) -> Result<Certificates, Failed> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "Arrowmill test authority");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let mut server = CertificateParams::new(vec![host.to_owned()])?;
        server.distinguished_name.push(DnType::CommonName, "Arrowmill test server");
        let key = KeyPair::generate()?;
        let signed = server.signed_by(&key, &authority)?;
        Ok(Certificates { authority: authority.pem(), server: format!("{}{}", key.serialize_pem(), signed.pem()) })
    }

    /// Writes the authority's certificate, and the server's with its key.
    pub(crate) fn write(&self, authority: &Path, server: &Path) -> Result<(), Failed> {
        fs::write(authority, &self.authority)?;
        fs::write(server, &self.server)?;
        Ok(())
    }
}
