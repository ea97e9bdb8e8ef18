//! The pages of organizations, for those who are in them. They are few and of one shape, so they are
//! described in one place.

#![expect(dead_code, reason = "describes what `web::organizations` does")]

/// The organizations that somebody is in.
#[utoipa::path(
    get,
    path = "/organizations",
    tag = "pages",
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
    ),
)]
pub(super) fn list() {}

/// One of them, with its members and applications.
#[utoipa::path(
    get,
    path = "/organizations/{slug}",
    tag = "pages",
    params(
        ("slug" = String, Path, description = "The organization's slug."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 404, description = "They are in no such organization.", content_type = "text/html"),
    ),
)]
pub(super) fn show() {}

/// Adds a member.
#[utoipa::path(
    post,
    path = "/organizations/{slug}",
    tag = "pages",
    params(
        ("slug" = String, Path, description = "The organization's slug."),
    ),
    responses(
        (status = 303, description = "Done; or on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours, or their role does not allow this.", content_type = "text/html"),
        (status = 404, description = "They are in no such organization.", content_type = "text/html"),
        (status = 422, description = "It was not taken; the page says why.", content_type = "text/html"),
    ),
)]
pub(super) fn add() {}

/// A member.
#[utoipa::path(
    get,
    path = "/organizations/{slug}/members/{user}",
    tag = "pages",
    params(
        ("slug" = String, Path, description = "The organization's slug."),
        ("user" = String, Path, description = "Which member."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 403, description = "Their role does not allow this.", content_type = "text/html"),
        (status = 404, description = "They are in no such organization, or nobody like this is in it.", content_type = "text/html"),
    ),
)]
pub(super) fn member() {}

/// The same member, where a removal that was refused is gone back to.
#[utoipa::path(
    get,
    path = "/organizations/{slug}/members/{user}/remove",
    tag = "pages",
    params(
        ("slug" = String, Path, description = "The organization's slug."),
        ("user" = String, Path, description = "Which member."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in; on to the sign-in page."),
        (status = 403, description = "Their role does not allow this.", content_type = "text/html"),
        (status = 404, description = "They are in no such organization, or nobody like this is in it.", content_type = "text/html"),
    ),
)]
pub(super) fn confirm_removal() {}

/// Gives a member another role.
#[utoipa::path(
    post,
    path = "/organizations/{slug}/members/{user}",
    tag = "pages",
    params(
        ("slug" = String, Path, description = "The organization's slug."),
        ("user" = String, Path, description = "Which member."),
    ),
    responses(
        (status = 303, description = "Done; or on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours, or their role does not allow this.", content_type = "text/html"),
        (status = 404, description = "They are in no such organization, or nobody like this is in it.", content_type = "text/html"),
        (status = 422, description = "It was not taken; the page says why.", content_type = "text/html"),
    ),
)]
pub(super) fn set_role() {}

/// Takes a member out.
#[utoipa::path(
    post,
    path = "/organizations/{slug}/members/{user}/remove",
    tag = "pages",
    params(
        ("slug" = String, Path, description = "The organization's slug."),
        ("user" = String, Path, description = "Which member."),
    ),
    responses(
        (status = 303, description = "Done; or on to the sign-in page."),
        (status = 400, description = "The form cannot be read.", content_type = "text/html"),
        (status = 403, description = "The form is not ours, or their role does not allow this.", content_type = "text/html"),
        (status = 404, description = "They are in no such organization, or nobody like this is in it.", content_type = "text/html"),
        (status = 422, description = "It was not taken; the page says why.", content_type = "text/html"),
    ),
)]
pub(super) fn remove() {}
