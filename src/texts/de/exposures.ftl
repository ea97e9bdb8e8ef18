exposures-title = Leaks
exposures-of-organization = Leaks von { $organization }
exposures-lead = Wo Tokens von Ihnen gefunden wurden, die dort nicht hingehören, was geschah, und was noch zu tun ist.
exposures-none = Es wurde nichts gefunden
exposures-none-detail = Wenn eines Ihrer Tokens in öffentlichem Code oder anderswo auftaucht, wo es nicht hingehört, gilt es nicht mehr, Sie bekommen einen Brief, und hier steht, was geschehen ist.
exposure-title = Was geschehen ist

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
exposure-dead-before = galt schon nicht mehr
exposure-quarantined = in Quarantäne
exposure-spared = gilt noch
exposure-lead-revoked = Das Token gilt nicht mehr, und nichts, was aus ihm entstand. Wer es findet, kann nichts mehr damit tun.
exposure-lead-dead = Das Token gilt nicht, auch ohne diese Meldung. Wer es findet, kann nichts damit tun.
exposure-lead-quarantined = Das Token gilt jetzt nicht. Ob es so bleibt, entscheidet der Betreiber: Rechnen Sie nicht damit, es zurückzubekommen.
exposure-lead-spared = Das Token gilt noch, weil der Betreiber Tokens nicht widerruft, die so gemeldet werden. Wer es findet, kann es benutzen.

exposure-reported-by = Gemeldet von
reporter-possession = jemandem, der es hatte
reporter-internal = einem Dienst des Betreibers
reporter-operator = dem Betreiber
reporter-replay = uns selbst: Es wurde von zwei Seiten benutzt
exposure-source = Art des Orts:
exposure-nowhere = Niemand hat gesagt, wo.
exposure-scrubbed = Wo es war, ist nicht mehr aufgehoben: Solche Orte werden einige Wochen, nachdem alle benachrichtigt sind, vergessen. In Ihrem Brief steht er.
exposure-more-places = { $count ->
    [one] Es wurde an { $count } weiteren Ort gefunden.
   *[other] Es wurde an { $count } weiteren Orten gefunden.
}

exposure-tried = { $count ->
    [one] Danach hat jemand { $count } Mal versucht, es zu benutzen.
   *[other] Danach hat jemand { $count } Mal versucht, es zu benutzen.
}
exposure-not-tried = Danach hat, soweit wir sehen, niemand versucht, es zu benutzen.
exposure-timeline = Der Reihe nach
timeline-made = Das Token wurde gemacht
timeline-used = Es wurde zuletzt benutzt
timeline-seen = Es wurde gefunden, gemeldet von { $reporter }
timeline-revoked = Es wurde widerrufen
timeline-revoked-at-once = Es wurde sofort widerrufen
timeline-revoked-after = Es wurde widerrufen, { $span } nach der ersten Meldung
timeline-quarantined = Es kam in Quarantäne
timeline-expired = Es lief ab
timeline-attempt = Jemand hat versucht, es zu benutzen
exposure-from = Von { $address }
exposure-from-unknown = Von einer Adresse, die uns niemand genannt hat
exposure-times = { $count ->
    [one] { $count } Mal
   *[other] { $count } Mal
}
exposure-last-try = Zuletzt
via-introspection = bei einem Dienst, der uns danach fragte
via-api = an unserer eigenen Schnittstelle
via-session = als Sitzung eines Browsers
via-token-endpoint = um andere Tokens dafür zu bekommen
via-client = als Anwendung
via-service = als Dienst

exposure-could = Was das Token durfte
exposure-could-unknown = Es durfte nichts Besonderes, oder es ist nicht mehr bekannt.

exposure-steps = Was jetzt zu tun ist
step-revoke = Das Token beenden
step-revoke-detail = Wenn Sie nicht wissen, dass die Kopie harmlos ist, widerrufen Sie es jetzt.
step-revoke-ask = Wenn Sie nicht wissen, dass die Kopie harmlos ist, lassen Sie es widerrufen: Fragen Sie, wer unten auf dieser Seite genannt ist.
step-revoke-button = Widerrufen
step-replace = Wieder in Gang kommen
step-replace-token = Wenn etwas von Ihnen es noch braucht, machen Sie ein neues Token, das dasselbe darf, und setzen Sie es ein, wo das alte war.
step-replace-organization = Bitten Sie einen Inhaber oder Verwalter der Organisation um ein neues Token, und setzen Sie es ein, wo das alte war.
step-replace-application = Wenn Sie die Anwendung noch wollen, verbinden Sie sie neu, von der Anwendung aus.
step-replace-client = Machen Sie ein neues Geheimnis für die Anwendung und setzen Sie es ein: Bis dahin bekommt sie keine Tokens.
step-replace-session = Alle Ihre Sitzungen wurden beendet. Sehen Sie durch, welche es jetzt gibt.
step-replace-button = Neues Token machen
step-applications-button = Anwendungen
step-sessions-button = Sitzungen
step-look-back = Nach Missbrauch suchen
step-look-back-detail = Sehen Sie nach, was damit getan wurde, von dem Tag an, an dem es gemacht wurde, bis zu seinem Ende. Was Sie nicht kennen, war jemand anderes.
step-look-back-tried = Sehen Sie nach, was damit getan wurde, bevor es endete. Jemand hat eine Kopie, wie die Versuche oben zeigen: Vergleichen Sie die Adressen mit denen Ihrer eigenen Programme.
step-clean-up = Die Kopie entfernen
step-clean-up-detail = Nehmen Sie es von dort weg, wo es gefunden wurde. In der Geschichte eines Repositorys bleibt es: Das Token gilt nicht mehr, also darf die Geschichte bleiben, wie sie ist.
step-prevent = Das nächste schützen
step-prevent-detail = Bewahren Sie Tokens in einem Speicher für Geheimnisse oder in der Umgebung auf, nie im Code. Geben Sie jedem nur, was es braucht, und ein Ende.
