## Was jede Seite umgibt.
skip-to-content = Zum Inhalt springen
sign-out = Abmelden
sign-in = Anmelden
account = Konto
language = Sprache
places = Einstellungen
places-yours = Ihr Konto
place-tokens = Tokens
place-exposures = Leaks
place-applications = Anwendungen
place-sessions = Sitzungen
help = Hilfe: { $contact }
copy = Kopieren
copied = Kopiert
cancel = Abbrechen
trail = Sie sind hier
previous-page = Zurück
plot-most = Höchstens: { $number }
plot-now = jetzt
first-page = Zum Anfang
next-page = Weiter
nothing-further = Weiter gibt es nichts.
pages = Seiten

## Zeitpunkte und Zeitspannen.
time-now = gerade eben
time-minutes-ago = { $count ->
    [one] vor { $count } Minute
   *[other] vor { $count } Minuten
}
time-hours-ago = { $count ->
    [one] vor { $count } Stunde
   *[other] vor { $count } Stunden
}
time-days-ago = { $count ->
    [one] vor { $count } Tag
   *[other] vor { $count } Tagen
}
time-in-minutes = { $count ->
    [one] in { $count } Minute
   *[other] in { $count } Minuten
}
time-in-hours = { $count ->
    [one] in { $count } Stunde
   *[other] in { $count } Stunden
}
time-in-days = { $count ->
    [one] in { $count } Tag
   *[other] in { $count } Tagen
}
time-month = { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
}
time-date = { $day }. { $month } { $year }
time-exact = { $day }. { $month } { $year }, { $clock } UTC
span-milliseconds = { $count } ms
span-seconds = { $count ->
    [one] { $count } Sekunde
   *[other] { $count } Sekunden
}
span-minutes = { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
}
span-hours = { $count ->
    [one] { $count } Stunde
   *[other] { $count } Stunden
}
span-days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tage
}

## Berechtigungen, nach ihrem Zweck.
scopes-identity = Wer Sie sind
scopes-see = Ansehen
scopes-change = Ändern
scope-openid = Wissen, wer Sie sind
scope-profile = Ihren Namen sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-offline-access = Verbunden bleiben, während Sie nicht da sind
scope-ssf-read = Ansehen, welche Sicherheitsereignisse sie erhält, und sie abholen
scope-ssf-manage = Sicherheitsereignisse erhalten
scopes-risky = weitreichend
scopes-fresh = neu
