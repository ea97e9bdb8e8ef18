//! What pages look like, read once.

use std::path::Path;

use anyhow::{Context, ensure};

use crate::config::BrandSettings;
use crate::http::{BrandLook, Look};

/// Largest mark, in bytes.
const LARGEST_LOGO: u64 = 64 * 1024;

/// The look of a brand, its mark read from its file.
///
/// # Errors
/// When the mark cannot be read or is too large.
pub(super) fn of(brand: &BrandSettings) -> anyhow::Result<Look> {
    Ok(Look::new(BrandLook {
        name: &brand.name,
        support: &brand.support_contact,
        accent: &brand.accent_color.to_string(),
        logo: brand.logo.as_deref().map(logo).transpose()?,
    }))
}

fn logo(path: &Path) -> anyhow::Result<(Vec<u8>, &'static str)> {
    let unread = || format!("cannot read brand.logo, {}", path.display());
    let size = std::fs::metadata(path).with_context(unread)?.len();
    ensure!(
        size <= LARGEST_LOGO,
        "brand.logo, {}, has more than 64 KiB",
        path.display()
    );
    let content = std::fs::read(path).with_context(unread)?;
    let png = content.starts_with(b"\x89PNG");
    Ok((content, if png { "image/png" } else { "image/svg+xml" }))
}
