exposures-title = Leaks
exposures-of-organization = Leaks von { $organization }
exposures-lead = Wo Ihre Tokens aufgetaucht sind, obwohl sie dort nicht hingehören, was daraufhin geschah und was noch zu tun ist.
exposures-none = Kein Leak bekannt
exposures-none-detail = Wenn eines Ihrer Tokens in öffentlichem Code oder sonst irgendwo auftaucht, wo es nicht hingehört, wird es ungültig, Sie bekommen eine E-Mail, und hier steht, was passiert ist.
exposure-title = Was passiert ist

kind-personal = Persönliches Token
kind-organization = Token einer Organisation
kind-access = Zugriffstoken von
kind-refresh = Erneuerungstoken von
kind-code = Autorisierungscode von
kind-client-secret = Geheimnis der Anwendung
kind-registration = Registrierungstoken von
kind-session = Eine Ihrer Sitzungen
kind-customer = Sitzung eines Kunden
kind-service = Dienstschlüssel

exposure-revoked = widerrufen
exposure-dead-before = war schon ungültig
exposure-quarantined = in Quarantäne
exposure-spared = noch gültig
exposure-lead-revoked = Das Token ist ungültig, und mit ihm alles, was daraus entstanden ist. Wer es findet, kann nichts mehr damit anfangen.
exposure-lead-dead = Das Token war schon vor dieser Meldung ungültig. Wer es findet, kann nichts damit anfangen.
exposure-lead-quarantined = Das Token ist zurzeit ungültig. Ob es dabei bleibt, entscheidet der Betreiber: Rechnen Sie nicht damit, es zurückzubekommen.
exposure-lead-spared = Das Token ist noch gültig, weil der Betreiber Tokens, die auf diesem Weg gemeldet werden, nicht widerruft. Wer es findet, kann es benutzen.

exposure-reported-by = Gemeldet von
reporter-possession = jemandem, der es hatte
reporter-internal = einem Dienst des Betreibers
reporter-operator = dem Betreiber
reporter-replay = uns selbst: Es wurde von zwei Seiten benutzt
exposure-source = Art des Fundorts:
exposure-nowhere = Einen Fundort hat niemand genannt.
exposure-scrubbed = Der Fundort ist nicht mehr gespeichert: Fundorte werden einige Wochen, nachdem alle benachrichtigt wurden, gelöscht. In der E-Mail, die Sie bekommen haben, steht er.
exposure-more-places = { $count ->
    [one] Es wurde an { $count } weiteren Ort gefunden.
   *[other] Es wurde an { $count } weiteren Orten gefunden.
}

exposure-tried = { $count ->
    [one] Seit dem Leak hat jemand einmal versucht, es zu benutzen.
   *[other] Seit dem Leak hat jemand { $count }-mal versucht, es zu benutzen.
}
exposure-not-tried = Soweit wir sehen, hat seitdem niemand versucht, es zu benutzen.
exposure-timeline = Verlauf
timeline-made = Das Token wurde erstellt
timeline-used = Es wurde zuletzt benutzt
timeline-seen = Es wurde gefunden und gemeldet von { $reporter }
timeline-revoked = Es wurde widerrufen
timeline-revoked-at-once = Es wurde sofort widerrufen
timeline-revoked-after = Es wurde { $span } nach der ersten Meldung widerrufen
timeline-quarantined = Es kam in Quarantäne
timeline-expired = Es ist abgelaufen
timeline-attempt = Jemand hat versucht, es zu benutzen
exposure-from = Von { $address }
exposure-from-unknown = Von einer unbekannten Adresse
exposure-times = { $count ->
    [one] Einmal
   *[other] { $count }-mal
}
exposure-last-try = zuletzt am
via-introspection = bei einem Dienst, der bei uns nachgefragt hat
via-api = an unserer eigenen API
via-session = als Browser-Sitzung
via-token-endpoint = um damit weitere Tokens zu bekommen
via-client = als Anwendung
via-service = als Dienst

exposure-could = Was das Token durfte
exposure-could-unknown = Es hatte keine Berechtigungen, oder sie sind nicht mehr bekannt.

exposure-steps = Was jetzt zu tun ist
step-revoke = Das Token widerrufen
step-revoke-detail = Widerrufen Sie es jetzt, es sei denn, Sie wissen, dass die Kopie harmlos ist.
step-revoke-ask = Lassen Sie es widerrufen, es sei denn, Sie wissen, dass die Kopie harmlos ist: Fragen Sie, wer unten auf dieser Seite genannt ist.
step-revoke-button = Widerrufen
step-replace = Weitermachen
step-replace-token = Wenn etwas von Ihnen es noch braucht, erstellen Sie ein neues Token, das dasselbe darf, und tragen Sie es dort ein, wo das alte war.
step-replace-organization = Bitten Sie einen Eigentümer oder Verwalter der Organisation um ein neues Token, und tragen Sie es dort ein, wo das alte war.
step-replace-application = Wenn Sie die Anwendung weiter nutzen wollen, verbinden Sie sie neu, und zwar von der Anwendung aus.
step-replace-client = Erstellen Sie ein neues Geheimnis für die Anwendung und tragen Sie es ein: Bis dahin bekommt sie keine Tokens.
step-replace-session = Alle Ihre Sitzungen wurden beendet. Sehen Sie nach, welche es jetzt gibt.
step-replace-button = Neues Token erstellen
step-applications-button = Anwendungen
step-sessions-button = Sitzungen
step-look-back = Nach Missbrauch suchen
step-look-back-detail = Sehen Sie nach, was mit dem Token getan wurde, solange es gültig war. Was Sie nicht wiedererkennen, war jemand anderes.
step-look-back-tried = Sehen Sie nach, was mit dem Token getan wurde, solange es gültig war. Jemand hat eine Kopie, wie die Versuche im Verlauf zeigen: Vergleichen Sie deren Adressen mit denen Ihrer eigenen Programme.
step-clean-up = Die Kopie entfernen
step-clean-up-detail = Entfernen Sie es vom Fundort. In der Historie eines Repositorys bleibt es stehen: Das Token ist ungültig, die Historie kann also so bleiben.
step-prevent = Das nächste schützen
step-prevent-detail = Bewahren Sie Tokens in einem Speicher für Geheimnisse oder in Umgebungsvariablen auf, nie im Code. Geben Sie jedem nur die nötigen Berechtigungen, und lassen Sie es ablaufen.
exposure-open = Auf { $host } ansehen
exposure-of = Erstellt von { $maker } für { $organization }.
