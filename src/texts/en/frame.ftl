## What surrounds every page.
skip-to-content = Skip to the content
sign-out = Sign out
sign-in = Sign in
account = Account
language = Language
places = Settings
places-yours = Your account
place-tokens = Tokens
place-exposures = Exposures
place-applications = Applications
place-sessions = Sessions
help = Help: { $contact }
copy = Copy
copied = Copied
cancel = Cancel
trail = You are here
previous-page = Previous
plot-most = Highest: { $number }
plot-now = now
first-page = To the start
next-page = Next
nothing-further = There is nothing further.
pages = Pages

## Moments and spans.
time-now = just now
time-minutes-ago = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
time-hours-ago = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
time-days-ago = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
time-in-minutes = { $count ->
    [one] in { $count } minute
   *[other] in { $count } minutes
}
time-in-hours = { $count ->
    [one] in { $count } hour
   *[other] in { $count } hours
}
time-in-days = { $count ->
    [one] in { $count } day
   *[other] in { $count } days
}
time-month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
time-date = { $day } { $month } { $year }
time-exact = { $day } { $month } { $year }, { $clock } UTC
span-milliseconds = { $count } ms
span-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
span-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
span-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}

## Scopes, by what they are good for.
scopes-identity = Who you are
scopes-see = See
scopes-change = Change
scope-openid = Know who you are
scope-profile = See your name
scope-email = See your e-mail address
scope-offline-access = Stay connected while you are away
scope-ssf-read = See which security events it is sent, and fetch them
scope-ssf-manage = Be sent security events
scopes-risky = far-reaching
scopes-fresh = new
