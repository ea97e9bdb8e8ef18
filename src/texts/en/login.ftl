login-title = Sign in
login-heading = Sign in to { $brand }
login-email = E-mail address
login-continue = Continue
login-hint = We send you a letter with a code. There is no password.
login-not-an-address = That is no e-mail address.

code-title = Enter your code
code-sent = If { $email } may sign in here, a letter with a code is on its way to it. The code works for { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}, in this browser.
code-label = Code
code-sign-in = Sign in
code-resend = Send another code
code-other-address = Use another address
code-wrong = That code does not work. Look at the latest letter, or send another code: each works once, for five tries.

consent-title = Allow an application
consent-heading = { $client } wants to act for you
consent-host = It answers to { $host }.
consent-caution = If you did not come from there, say no.
consent-doubt = Any program on this device could say that it is this application: say no unless you have just started it yourself.
consent-powers = It will be able to
consent-website = Website
consent-terms = Terms
consent-privacy = Privacy
consent-organization = In which organization?
consent-allow = Allow
consent-deny = Do not allow
consent-who = You are signed in as { $email }. You can take this back at any time under Applications.

continue-title = One moment
continue-detail = You are being sent back to the application. If nothing happens, continue yourself.
continue-button = Continue

logout-title = Sign out?
logout-asked = { $client } asks you to sign out of { $brand }.
logout-asked-by-some = An application asks you to sign out of { $brand }.
logout-who = You are signed in as { $email }.
logout-stay = Stay signed in
logout-done = You are signed out
logout-nobody = Nobody is signed in to { $brand } in this browser.
