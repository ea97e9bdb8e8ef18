login-title = Anmelden
login-heading = Bei { $brand } anmelden
login-email = E-Mail-Adresse
login-continue = Weiter
login-hint = Wir senden Ihnen einen Brief mit einem Code. Ein Passwort gibt es nicht.
login-not-an-address = Das ist keine E-Mail-Adresse.

code-title = Code eingeben
code-sent = Wenn { $email } sich hier anmelden darf, ist ein Brief mit einem Code dorthin unterwegs. Der Code gilt { $minutes ->
    [one] { $minutes } Minute
   *[other] { $minutes } Minuten
}, in diesem Browser.
code-label = Code
code-sign-in = Anmelden
code-resend = Neuen Code senden
code-other-address = Andere Adresse verwenden
code-wrong = Dieser Code gilt nicht. Sehen Sie in den neuesten Brief, oder lassen Sie sich einen neuen Code senden: Jeder gilt einmal, für fünf Versuche.

consent-title = Anwendung zulassen
consent-heading = { $client } möchte für Sie handeln
consent-host = Die Antwort geht an { $host }.
consent-caution = Wenn Sie nicht von dort kommen, lehnen Sie ab.
consent-doubt = Jedes Programm auf diesem Gerät könnte sich als diese Anwendung ausgeben: Lehnen Sie ab, wenn Sie sie nicht gerade selbst gestartet haben.
consent-powers = Sie darf dann
consent-website = Website
consent-terms = Nutzungsbedingungen
consent-privacy = Datenschutz
consent-organization = In welcher Organisation?
consent-allow = Zulassen
consent-deny = Nicht zulassen
consent-who = Sie sind als { $email } angemeldet. Unter „Anwendungen“ können Sie das jederzeit zurücknehmen.

continue-title = Einen Moment
continue-detail = Sie werden zur Anwendung zurückgeleitet. Wenn nichts geschieht, gehen Sie selbst weiter.
continue-button = Weiter

logout-title = Abmelden?
logout-asked = { $client } bittet Sie, sich bei { $brand } abzumelden.
logout-asked-by-some = Eine Anwendung bittet Sie, sich bei { $brand } abzumelden.
logout-who = Sie sind als { $email } angemeldet.
logout-stay = Angemeldet bleiben
logout-done = Sie sind abgemeldet
logout-nobody = In diesem Browser ist niemand bei { $brand } angemeldet.
