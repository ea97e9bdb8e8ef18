desk-trail = Where you are
desk-managed = Organizations you manage

tokens-title = Tokens
tokens-of-organization = Tokens of { $organization }
tokens-lead = Whoever has one of these acts as you, as far as its scopes go. Give each program a token of its own.
tokens-lead-organization = Whoever has one of these acts for the organization, as far as its scopes go. They outlive the people who made them.
tokens-new = New token
tokens-none = No tokens yet
tokens-none-detail = A token lets a script or a program use the API without your sign-in. Make one, give it only what the job needs, and an end.
tokens-ended = Ended in the last 90 days ({ $count })
tokens-revoked-now = { $name } is revoked. It no longer works anywhere.
tokens-renamed-now = The token is called { $name } now.

token-live = works
token-ends-soon = ends soon
token-suspended = suspended
token-expired = expired
token-leaked = revoked: it leaked
token-quarantined = in quarantine: it leaked
token-revoked = revoked
token-revoked-by-owner = revoked by hand
token-revoked-by-operator = revoked by the operators
token-revoked-everywhere = revoked: signed out everywhere

token-name = Name
token-name-hint = What it is for, so that you know it again: one line, 100 characters at most.
token-name-wrong = Give it a name of 1 to 100 characters on one line.
token-name-holds-token = There is a token in the name. Names are seen by others: choose another one.
token-hint = Last characters
token-made = Made
token-made-by = by
token-used = Last used
token-never-used = Never used
token-expires = Ends
token-no-end = No end
token-ended = Ended
token-powers = What it may do
token-leak-story = What happened

token-new-title = New token
token-new-of-organization = New token of { $organization }
token-create = Make the token
token-scopes = What may it do?
token-scopes-hint = Tick only what the job needs: a token that leaks can do no more than this.
token-scopes-missing = Tick at least one thing that it may do.
token-scopes-not-offered = Something that was ticked is no longer offered here. Choose anew.
token-expiry = How long shall it work?
token-expiry-days = { $count ->
    [one] { $count } day
    [365] A year
   *[other] { $count } days
}
token-expiry-never = Until it is revoked
token-expiry-never-hint = Only for what nobody will ever look after: a forgotten token works for whoever finds it.
token-expiry-date = Until a day that you choose
token-expiry-day = Last day (UTC)
token-expiry-missing = Choose how long it shall work.
token-expiry-no-date = Choose the last day on which it shall work.
token-expiry-past = That day is over. Choose a later one.
token-expiry-too-long = That is longer than tokens may live here. Choose a shorter time.
token-too-many = There are as many tokens as there may be. Revoke one that nobody needs first.
token-form-too-old = This form was opened too long ago. Look it through and send it again.
token-ended-meanwhile = The token does not work any more.

token-made-title = Your new token
token-made-before-title = This token was made before
token-made-once = Copy it now and keep it where secrets are kept. It is shown this once, and nobody can look it up later.
token-made-text = The token
token-made-try = Try it
token-made-before = The form was sent twice, and the token was made only once. Its text was shown then and is not kept anywhere. If you do not have it, replace or revoke the token.
token-made-done = Back to the tokens
token-replaced-until = { $name }, which it replaces, works until
token-replaced-now = { $name }, which it replaces, no longer works.

token-rename = Rename
token-rename-name = Rename { $name }
token-rename-title = Rename a token
token-rename-heading = Rename { $name }

token-revoke = Revoke
token-revoke-name = Revoke { $name }
token-revoke-title = Revoke a token
token-revoke-heading = Revoke { $name }?
token-revoke-busy = It was used within the last day. Whatever uses it will fail at once.
token-revoke-idle = Whatever still uses it will fail at once.
token-revoke-unused = It was never seen in use, so probably nothing depends on it.
token-revoke-final = This cannot be undone.
token-revoke-powers = What will no longer work with it
token-revoke-rather-replace = Replace it instead

token-replace = Replace
token-replace-name = Replace { $name }
token-replace-title = Replace a token
token-replace-heading = Replace { $name }
token-replace-lead = You get a new token that may do the same. The old one goes on for as long as you need to exchange it.
token-overlap = How long shall the old one go on?
token-overlap-none = Not at all: end it now
token-overlap-hour = For an hour
token-overlap-day = For a day
token-overlap-week = For a week
token-another = New one like it
token-another-name = Make a new token like { $name }
