# Was in jedem Brief gleich ist.
letter-steps = Was jetzt zu tun ist
letter-genuine = Ist dieser Brief echt?
letter-no-link = Er enthält keinen Link zum Anmelden und fragt nie nach einem Passwort oder einem Token. Sie brauchen nichts anzuklicken: { $check }.
letter-check-exposures = Geben Sie die Adresse von { $brand } selbst in Ihren Browser ein und gehen Sie zu { $settings }; was geschehen ist, steht dort unter Leaks
letter-check-settings = Geben Sie die Adresse von { $brand } selbst in Ihren Browser ein und gehen Sie zu { $settings }
letter-check-applications = Geben Sie die Adresse von { $brand } selbst in Ihren Browser ein und gehen Sie zu { $applications }
letter-check-operator = Schlagen Sie das Token selbst in { $brand } nach
letter-check-policy = Fragen Sie den Dienst selbst mit tokenward policy show
letter-check-owner = Fragen Sie { $owner } auf einem Weg, den Sie kennen, ob dort auch ein Brief angekommen ist
letter-contact = Haben Sie Fragen, oder kommt Ihnen etwas seltsam vor? Wenden Sie sich an { $contact }.
letter-contact-token = Haben Sie Fragen, oder kommt Ihnen etwas seltsam vor? Wenden Sie sich an { $contact } und nennen Sie das Token { $id }.
letter-contact-webhook = Haben Sie Fragen, oder kommt Ihnen etwas seltsam vor? Wenden Sie sich an { $contact } und nennen Sie den Webhook { $id }.
letter-contact-stream = Haben Sie Fragen, oder kommt Ihnen etwas seltsam vor? Wenden Sie sich an { $contact } und nennen Sie den Strom { $id }.
letter-way = „Tokens“ in Ihrem Konto
letter-way-applications = „Anwendungen“ in Ihrem Konto
letter-way-organizations = „Organisationen“ in Ihrem Konto
letter-whoever-runs = den Betreiber dieses Dienstes
letter-because = Sie erhalten diesen Brief, weil { $why }.
letter-because-owner = das Token Ihres war
letter-because-manager = Sie Inhaber oder Verwalter der Organisation sind, der es gehörte
letter-because-manager-of = Sie Inhaber oder Verwalter der Organisation { $organization } sind
letter-because-manager-of-owner = Sie Inhaber oder Verwalter der Organisation { $organization } sind, für die das Token handeln konnte, und sein Besitzer schon einmal eines verloren hat
letter-because-creator = Sie dieses Token gemacht haben
letter-because-creator-for = Sie dieses Token für { $organization } gemacht haben
letter-because-client = Ihnen { $application } gehört
letter-because-operator = Sie { $brand } betreiben
letter-because-security = Sie hier für die Sicherheit zuständig sind
letter-the-application = die Anwendung
letter-the-organization = die Organisation
letter-somebody = jemand in Ihrer Organisation
letter-quoted = „{ $name }“

# Ein Token nach seiner Art: nach „Ihr“, und mit seinem Artikel.
letter-kind = { $kind ->
    [personal_access_token] persönliches Token
    [organization_access_token] Organisationstoken
    [access_token] Zugriffstoken
    [refresh_token] Erneuerungstoken
    [authorization_code] Autorisierungscode
    [client_secret] Anwendungsgeheimnis
    [client_registration_token] Registrierungstoken
    [user_session_token] Sitzungstoken
    [customer_session_token] Kundensitzungstoken
    [service_key] Dienstschlüssel
   *[other] { $kind }
}
letter-kind-the = { $kind ->
    [personal_access_token] Das persönliche Token
    [organization_access_token] Das Organisationstoken
    [access_token] Das Zugriffstoken
    [refresh_token] Das Erneuerungstoken
    [authorization_code] Der Autorisierungscode
    [client_secret] Das Anwendungsgeheimnis
    [client_registration_token] Das Registrierungstoken
    [user_session_token] Das Sitzungstoken
    [customer_session_token] Das Kundensitzungstoken
    [service_key] Der Dienstschlüssel
   *[other] Das Token der Art { $kind }
}
letter-thing = { $kind } „{ $name }“
letter-whose-own = Ihr { $thing }
letter-whose-own-for = Ihr { $thing } für { $client }
letter-whose-of = { $thing } von { $who }
letter-whose-of-for = { $thing } von { $who } für { $client }
letter-whose-of-organization = { $thing } Ihrer Organisation
letter-whose-made = { $thing } (von Ihnen gemacht)
letter-whose-made-for = { $thing } (von Ihnen gemacht für { $who })
letter-whose-of-application = { $thing } Ihrer Anwendung
letter-whose-of-application-named = { $thing } Ihrer Anwendung { $client }

# Was vor den Angaben eines Briefs steht, und die Angaben.
letter-about-token = Das Token
letter-about-place = Wo es gefunden wurde
letter-about-places = Was gefunden wurde
letter-about-attempt = Der Versuch
letter-about-connection = Die Verbindung
letter-about-count = Was gezählt wurde
letter-about-webhook = Der Webhook
letter-about-stream = Der Strom
letter-fact-name = Name
letter-fact-kind = Art
letter-fact-hint = Endet auf
letter-fact-organization = Organisation
letter-fact-application = Anwendung
letter-fact-customer = Kunde
letter-fact-power = Durfte
letter-fact-created = Gemacht am
letter-fact-expiry = Galt bis
letter-fact-used = Zuletzt benutzt
letter-fact-place = In
letter-fact-reporter = Gemeldet von
letter-fact-reported = Gemeldet am
letter-fact-expired = Abgelaufen am
letter-fact-revoked = Widerrufen am
letter-fact-tried = Versucht am
letter-fact-from = Von
letter-fact-how = Wie
letter-fact-quarantined = Quarantäne ab
letter-fact-decided = Entschieden am
letter-fact-allowed = Zugelassen am
letter-fact-ended = Beendet am
letter-fact-origin = Quelle
letter-fact-since = Seit
letter-fact-stopped = Angehalten am
letter-fact-host = Host
letter-fact-failing = Gestört seit
letter-fact-disabled = Abgestellt am
letter-never = ohne Ende
letter-used-from = { $moment }, von { $address }
letter-not-used = wir sahen keine Benutzung
letter-more-scopes = und { $count } weitere
letter-power-session = alles, was sein Benutzer angemeldet tun kann
letter-power-customer = was der Kunde angemeldet tun kann
letter-power-secret = Tokens im Namen der Anwendung holen
letter-power-registration = die Registrierung lesen und ändern
letter-power-code = einmal gegen Tokens getauscht werden
letter-power-none = nichts: Es hatte keine Scopes

# Arten von Orten, hinter „in“.
letter-found-on = wurde auf { $host } gefunden
letter-found-in = wurde in { $place } gefunden
letter-found-in-public = wurde öffentlich gefunden
letter-place = { $source ->
    [content] einer Datei
    [commit] einem Commit
    [pull_request_title] dem Titel eines Pull Requests
    [pull_request_description] der Beschreibung eines Pull Requests
    [pull_request_comment] einem Kommentar zu einem Pull Request
    [issue_title] dem Titel eines Issues
    [issue_description] der Beschreibung eines Issues
    [issue_comment] einem Kommentar zu einem Issue
    [discussion_title] dem Titel einer Diskussion
    [discussion_body] einer Diskussion
    [discussion_comment] einem Kommentar in einer Diskussion
    [commit_comment] einem Kommentar zu einem Commit
    [gist_content] einem Gist
    [gist_comment] einem Kommentar zu einem Gist
    [wiki_content] einer Wiki-Seite
    [wiki_commit] der Geschichte eines Wikis
    [npm] einem npm-Paket
    [possession] fremden Händen, die es abgegeben haben
    [manual_submission] einer Meldung von Hand
   *[other] „{ $source }“
}
letter-unknown-site = Wir kennen diese Website nicht: Sehen Sie sie mit Vorsicht an, und geben Sie dort nichts ein.
letter-unknown-sites = Wir kennen nicht jede Website, die hier genannt ist: Sehen Sie diese mit Vorsicht an, und geben Sie dort nichts ein.

# Ein Token wurde gefunden, wo es nicht hingehört.
letter-exposed = { $whose } { $found }{ $outcome ->
    [revoked] {" "}und widerrufen
    [quarantined] {" "}und ist in Quarantäne
    [spared] {" "}und NICHT widerrufen
    [expired] , nachdem es abgelaufen war
    [dead] , nachdem es widerrufen war
   *[other] {""}
}
letter-exposed-again = Schon wieder ein Leak: { $sentence }
letter-badge = { $outcome ->
    [revoked] Widerrufen
    [quarantined] In Quarantäne
    [spared] Nicht widerrufen
    [expired] War abgelaufen
    [dead] War schon widerrufen
   *[other] { $outcome }
}
letter-alarm = Das ist nicht der erste Leak. Ein anderes Token { $whose } wurde am { $moment } gemeldet. Einmal ist ein Versehen; zweimal heißt, dass noch offen ist, was Tokens hinauslässt.
letter-alarm-own = von Ihnen
letter-alarm-of = von { $who }
letter-alarm-same = desselben Besitzers
letter-did-revoke = Wir haben es am { $moment } widerrufen. Seither öffnet es nichts mehr, wer auch immer eine Kopie hat.
letter-did-expired = Es war am { $moment } abgelaufen und öffnete nichts mehr, als es gefunden wurde. Wir haben es auch für immer widerrufen.
letter-did-nothing = Es war schon am { $moment } widerrufen und öffnete nichts mehr, als es gefunden wurde.
letter-did-no-harm = Wegen dieser Meldung hört bei Ihnen nichts auf zu funktionieren.
letter-did-suspended = Ihr Konto ist seit { $moment } gesperrt; es öffnete also nichts, als es gefunden wurde. Wir haben es für immer widerrufen: Es bleibt ungültig, auch wenn das Konto entsperrt wird.
letter-did-suspended-other = Das Konto dahinter ist seit { $moment } gesperrt; es öffnete also nichts, als es gefunden wurde. Wir haben es für immer widerrufen: Es bleibt ungültig, auch wenn das Konto entsperrt wird.
letter-did-quarantine = Wir haben es am { $moment } in Quarantäne genommen. Es öffnet nichts, wer auch immer eine Kopie hat, bis der Betreiber von { $brand } entschieden hat: Dann wird es für immer widerrufen oder gilt wieder.
letter-did-spare = Wir haben es nicht widerrufen: Es gilt noch, für jeden, der eine Kopie hat. Der Betreiber dieses Dienstes hat entschieden, dass Meldungen wie diese nur weitergegeben werden.
letter-did-spare-dead = Es galt nicht, als es gefunden wurde, und wir haben es nicht widerrufen: Was es am Gelten hindert, kann sich ändern.
letter-ended-session = { $count ->
    [one] Mit ihm haben wir 1 weitere Sitzung oder 1 weiteres Token desselben Kontos beendet.
   *[other] Mit ihm haben wir { $count } weitere Sitzungen und Tokens desselben Kontos beendet.
}
letter-ended-family = { $count ->
    [one] Mit ihm haben wir 1 weiteres Token beendet, das aus derselben Zulassung kam.
   *[other] Mit ihm haben wir { $count } weitere Tokens beendet, die aus derselben Zulassung kamen.
}
letter-ended-related = { $count ->
    [one] Mit ihm haben wir 1 verwandtes Token beendet.
   *[other] Mit ihm haben wir { $count } verwandte Tokens beendet.
}
letter-went-session = { $count ->
    [one] Mit ihm ging 1 weitere Sitzung oder 1 weiteres Token desselben Kontos.
   *[other] Mit ihm gingen { $count } weitere Sitzungen und Tokens desselben Kontos.
}
letter-went-family = { $count ->
    [one] Mit ihm ging 1 weiteres Token, das aus derselben Zulassung kam.
   *[other] Mit ihm gingen { $count } weitere Tokens, die aus derselben Zulassung kamen.
}
letter-went-related = { $count ->
    [one] Mit ihm ging 1 verwandtes Token.
   *[other] Mit ihm gingen { $count } verwandte Tokens.
}

# Was dagegen zu tun ist.
letter-talk = Sprechen Sie mit { $owner }: Dorthin ging auch ein Brief. Finden Sie zusammen heraus, wie dort Tokens aufbewahrt werden.
letter-talk-spared = Sprechen Sie mit { $owner }: Dorthin ging auch ein Brief. Finden Sie zusammen heraus, wie dort Tokens aufbewahrt werden. Sorgen Sie dafür, dass das Token widerrufen wird: Das ist nicht geschehen.
letter-replace-others = Lassen Sie auch jedes andere Token ersetzen, das Sie am selben Ort aufbewahren, und legen Sie dort kein neues ab, bevor Sie wissen, wie diese hinausgelangt sind.
letter-replace-others-theirs = Sorgen Sie dafür, dass auch jedes andere Token ersetzt wird, das am selben Ort aufbewahrt wird, und dass dort kein neues abgelegt wird, bevor Sie wissen, wie diese hinausgelangt sind.
letter-revoke = Wenn Sie nicht wissen, dass die Kopie harmlos ist, widerrufen Sie es selbst: Gehen Sie zu { $settings }. Wenn es dort nicht steht, bitten Sie uns, es zu widerrufen. Machen Sie zuerst ein neues, wenn etwas von Ihnen es braucht.
letter-revoke-operator = Wenn Sie nicht wissen, dass die Kopie harmlos ist, widerrufen Sie es selbst mit `tokenward token revoke`. Machen Sie zuerst ein neues, wenn etwas von Ihnen es braucht.
letter-replace-personal = Wenn etwas von Ihnen es noch braucht, machen Sie ein neues Token: Gehen Sie zu { $settings }. Geben Sie ihm nur die Scopes, die diese Aufgabe braucht, und ein Ablaufdatum.
letter-replace-organization = Was dieses Token benutzt hat, steht still, bis es ein neues hat. Machen Sie es für { $organization }: Gehen Sie zu { $organizations }. Geben Sie ihm nur die Scopes, die diese Aufgaben brauchen, und ein Ablaufdatum.
letter-replace-family = { $application } hat keinen Zugriff mehr. Wenn Sie die Anwendung noch wollen, verbinden Sie sie neu, von der Anwendung aus.
letter-replace-family-unnamed = Die Anwendung hat keinen Zugriff mehr. Wenn Sie sie noch wollen, verbinden Sie sie neu, von der Anwendung aus.
letter-replace-secret = Machen Sie ein neues Geheimnis für { $application } und setzen Sie es ein: Gehen Sie zu { $applications }. Bis dahin bekommt die Anwendung keine Tokens.
letter-replace-registration = Jetzt muss nichts ersetzt werden: { $application } funktioniert wie bisher. Sie brauchen ein neues Registrierungstoken, bevor Sie das nächste Mal die Registrierung ändern.
letter-replace-session = Sie wurden überall abgemeldet. Melden Sie sich neu an: Geben Sie die Adresse von { $brand } selbst in Ihren Browser ein.
letter-replace-session-theirs = Die Person wurde überall abgemeldet und muss sich neu anmelden.
letter-replace-customer = Nichts muss ersetzt werden: Der Kunde bekommt beim nächsten Besuch eine neue Sitzung.
letter-replace-service = Machen Sie einen neuen Dienstschlüssel und geben Sie ihn dem Dienst, der diesen benutzt hat. Bis dahin werden seine Anfragen abgelehnt.
letter-look-secret = Sehen Sie durch, was { $application } zuletzt getan hat: Sind Tokens dabei, um die sie nicht gebeten hat?
letter-look-registration = Prüfen Sie, ob Name und Umleitungsadressen noch so sind, wie Sie sie eingestellt haben: { $application }.
letter-look-session = Suchen Sie im Konto nach Änderungen, die niemand gemacht hat, dem Sie vertrauen: an der E-Mail-Adresse, an den Tokens, an den verbundenen Anwendungen.
letter-look-customer = Prüfen Sie, was für diesen Kunden getan wurde, solange die Sitzung dauerte.
letter-look-service = Suchen Sie im Prüfprotokoll nach Anfragen, die der Dienst nicht gestellt hat.
letter-look-token = Suchen Sie nach Änderungen, die niemand gemacht hat, dem Sie vertrauen.
letter-look-spared = Andere können es benutzt haben und können es noch.
letter-look-ended = Andere können es benutzt haben, bevor wir es beendet haben.
letter-look-dead = Es kann öffentlich gewesen sein, als es noch galt.
letter-clean-up = Nehmen Sie das Token von dort weg, wo es gefunden wurde. Es ist jetzt harmlos, zieht aber Leute an, die nach mehr suchen. In einem Repository bleibt es in der Geschichte, auch wenn die Datei geändert wird.
letter-clean-up-spared = Nehmen Sie das Token von dort weg, wo es gefunden wurde. Das ersetzt nicht, es zu widerrufen: Kopien bleiben. In einem Repository bleibt es in der Geschichte, auch wenn die Datei geändert wird.
letter-prevent = Finden Sie heraus, wie es dorthin kam, damit das nächste nicht folgt. Bewahren Sie Tokens in einem Speicher für Geheimnisse oder in der Umgebung auf, nie in Dateien, die andere bekommen.
letter-prevent-session = Finden Sie heraus, wie es dorthin kam, damit das nächste nicht folgt. Sitzungstokens gelangen durch aufgezeichneten Verkehr des Browsers (HAR-Dateien), Protokolle und Bildschirmfotos hinaus: Säubern Sie diese, bevor Sie sie weitergeben.
letter-prevent-application = Finden Sie heraus, wie es dorthin kam. Tokens wie dieses hat immer nur eine Anwendung: Sagen Sie denen Bescheid, die { $application } betreiben.

# Tokens wurden gefunden, die schon nicht mehr galten.
letter-digest-subject = { $count ->
    [one] Zu Ihrer Kenntnis: Tokens, die nicht mehr gelten, wurden an einem Ort gefunden
   *[other] Zu Ihrer Kenntnis: Tokens, die nicht mehr gelten, wurden an { $count } Orten gefunden
}
letter-digest-heading = { $count ->
    [one] Tokens, die nicht mehr gelten, wurden an einem Ort gefunden.
   *[other] Tokens, die nicht mehr gelten, wurden an { $count } Orten gefunden.
}
letter-digest-badge = Nichts fällt aus
letter-digest-lead = Jedes von ihnen war vorher abgelaufen oder widerrufen; es öffnete also nichts, als es gefunden wurde, und deswegen fällt nichts aus. Dieser Brief sammelt, was seit { $moment } gemeldet wurde.
letter-digest-more = { $count ->
    [one] Ein weiterer Ort steht hier nicht.
   *[other] { $count } weitere Orte stehen hier nicht.
}
letter-digest-only-more = Orte, die hier nicht stehen können: { $count }.
letter-digest-look = Sehen Sie nach, wie das Token dorthin kam. Was eines aufgeschrieben hat, schreibt vielleicht auch das nächste auf, und das gilt noch.
letter-digest-others = Andere Geheimnisse am selben Ort gelten vielleicht noch: Ersetzen Sie die, die Ihre sind, und nehmen Sie sie erst dann dort weg.
letter-because-answerable = Sie für diese Tokens zuständig sind
letter-because-owner-of-all = diese Tokens Ihre waren
letter-because-all-sorts = jedes dieser Tokens Ihres war, von Ihnen gemacht wurde oder zu einer Organisation oder Anwendung gehörte, deren Inhaber oder Verwalter Sie sind

# Jemand hat ein Token versucht, nachdem es gefunden wurde.
letter-tried-own = Jemand hat versucht, Ihr widerrufenes Token zu benutzen: { $thing }
letter-tried = Jemand hat versucht, ein widerrufenes Token zu benutzen: { $thing }
letter-tried-of = Jemand hat versucht, ein widerrufenes Token zu benutzen: { $thing } von { $who }
letter-tried-badge = Es öffnete nichts
letter-tried-lead = Es wurde gefunden, wo es nicht hingehört, und wir haben es am { $moment } widerrufen. Seither öffnet es nichts, und auch jetzt hat es nichts geöffnet.
letter-tried-who = Wer es versucht hat, hat eine Kopie. Das kann jemand Fremdes sein, der sie gefunden hat, oder ein Programm von Ihnen, das noch kein neues bekommen hat.
letter-tried-how = { $way ->
    [introspection] ein Dienst fragte uns, ob es gilt
    [session] im Cookie eines Browsers
    [token_endpoint] eine Anwendung wollte es eintauschen
    [client] eine Anwendung wollte sich damit anmelden
    [service] ein Dienst wollte sich damit anmelden
   *[api] es wurde an unsere Schnittstelle geschickt
}
letter-tried-from-unknown = das hat uns niemand gesagt
letter-tried-ours = Wenn es ein Rechner von Ihnen ist, geben Sie dem Programm dort ein neues Token.
letter-tried-yours = Wenn die Adresse eine von Ihren ist, suchen Sie das Programm dort und geben Sie ihm ein neues Token.
letter-tried-not-yours = Wenn nicht, wollte jemand in Ihrem Namen handeln. Sehen Sie in Ihren Aufzeichnungen nach, was mit dem Token vor dem { $moment } getan wurde.
letter-tried-once = Wir schreiben diesen Brief einmal für jedes Token, wie oft es später auch versucht wird.

# Eine Quarantäne ist vorbei.
letter-released-own = Ihr { $thing } gilt wieder
letter-released = { $thing } gilt wieder
letter-released-of = { $thing } von { $who } gilt wieder
letter-released-dead-own = Ihr { $thing } ist aus der Quarantäne und gilt trotzdem nicht
letter-released-dead = { $thing } ist aus der Quarantäne und gilt trotzdem nicht
letter-released-dead-of = { $thing } von { $who } ist aus der Quarantäne und gilt trotzdem nicht
letter-finished-own = Ihr { $thing } wurde für immer widerrufen
letter-finished = { $thing } wurde für immer widerrufen
letter-finished-of = { $thing } von { $who } wurde für immer widerrufen
letter-released-badge = Gilt wieder
letter-released-dead-badge = Aus der Quarantäne
letter-finished-badge = Für immer widerrufen
letter-released-lead = Es kam am { $moment } in Quarantäne, weil es als Leak gemeldet war. Der Betreiber dieses Dienstes hat das zurückgenommen: Es öffnet wieder, was es vorher öffnete, für jeden, der eine Kopie hat.
letter-released-dead-lead = Es kam am { $moment } in Quarantäne, weil es als Leak gemeldet war. Der Betreiber dieses Dienstes hat das zurückgenommen; inzwischen ist es abgelaufen, oder wozu es gehört, ist gesperrt.
letter-finished-lead = Es kam am { $moment } in Quarantäne, weil es als Leak gemeldet war. Das ist jetzt entschieden: Es öffnet nichts mehr und wird nie wieder etwas öffnen.
letter-released-relatives = { $count ->
    [one] Mit ihm kam 1 verwandtes Token zurück.
   *[other] Mit ihm kamen { $count } verwandte Tokens zurück.
}
letter-finished-relatives = { $count ->
    [one] Mit ihm wurde 1 verwandtes Token für immer widerrufen.
   *[other] Mit ihm wurden { $count } verwandte Tokens für immer widerrufen.
}
letter-finished-replace = Wenn etwas von Ihnen es noch braucht, machen Sie ein neues Token: Gehen Sie zu { $settings }.
letter-finished-remove = Nehmen Sie es von dort weg, wo es gefunden wurde, und finden Sie heraus, wie es dorthin kam.
letter-released-replace = Wenn es stand, wo andere es lesen konnten, ersetzen Sie es: Gehen Sie zu { $settings }, machen Sie ein neues Token und widerrufen Sie dieses.
letter-released-tidy = Wenn Sie einem Programm inzwischen ein anderes gegeben haben, widerrufen Sie das, das Sie nicht mehr brauchen.

# Ein Erneuerungstoken wurde von zwei Seiten benutzt.
letter-an-application = „Ohne Namen“
letter-replayed = Ihre Verbindung mit { $client } wurde beendet, weil sie vielleicht kopiert wurde
letter-replayed-badge = Verbindung beendet
letter-replayed-lead = Ein Token, mit dem { $client } die Verbindung zu Ihrem Konto hält, wurde ein zweites Mal benutzt, nachdem es schon gegen ein anderes getauscht war. Entweder hat die Anwendung einen Fehler gemacht, oder jemand anderes hat eine Kopie. Was davon stimmt, kann niemand sagen; darum wurde jedes Token dieser Verbindung widerrufen.
letter-replayed-again = Wenn Sie { $client } noch benutzen, verbinden Sie die Anwendung neu, von ihr aus.
letter-replayed-twice = Wenn es wieder geschieht, fragen Sie, wer die Anwendung macht, wo Ihre Tokens dort aufbewahrt werden, und suchen Sie nach einem Gerät von Ihnen, in dem andere lesen können.
letter-because-allowed = Sie dieser Anwendung erlaubt haben, für Sie zu handeln

# Eine Quelle meldet mehr, als glaubhaft ist.
letter-breaker = { $reporter } meldet mehr gefundene Tokens, als glaubhaft ist
letter-breaker-badge = Entscheiden Sie
letter-breaker-lead = Jedes Token, das von dort ab jetzt gemeldet wird, kommt in Quarantäne: Es öffnet nichts, und nichts daran ist endgültig, bis Sie entscheiden. Was vorher widerrufen wurde, bleibt widerrufen.
letter-breaker-finish = Die ersten Tokens verlassen die Quarantäne am { $moment }, und wenn Sie vorher nichts entscheiden, werden sie für immer widerrufen.
letter-breaker-release = Die ersten Tokens verlassen die Quarantäne am { $moment }, und wenn Sie vorher nichts entscheiden, gelten sie wieder.
letter-breaker-revoked = { $count ->
    [one] { $count } Token, das galt
   *[other] { $count } Tokens, die galten
}
letter-breaker-find-out = Finden Sie heraus, ob die Meldungen stimmen: Fragen Sie { $reporter }, sehen Sie nach, wo die Tokens gefunden wurden (tokenward exposure list --origin { $origin }), und prüfen Sie, wessen Schlüssel die Meldungen unterschreiben (tokenward origin test { $origin }).
letter-breaker-decide = Wenn sie stimmen, beenden Sie, was in Quarantäne ist (tokenward quarantine finish). Wenn nicht, geben Sie es frei (tokenward quarantine release) und stellen Sie die Quelle ab.
letter-breaker-close = Wenn Sie der Quelle wieder trauen, schließen Sie ihre Sicherung (tokenward origin reset { $origin }).

# Ein Programm erfährt nichts mehr.
letter-webhook = Ihr Webhook auf { $host } wurde abgestellt
letter-webhook-badge = Abgestellt
letter-webhook-gone = Er hat geantwortet, dass es ihn nicht mehr gibt (Status 410). { $brand } meldet ihm gefundene und widerrufene Tokens nicht mehr. Meldungen an ihn, auch die von dem, was ab jetzt geschieht, werden eine Weile aufbewahrt.
letter-webhook-failed = Er hat seit Tagen keine Meldung so beantwortet, wie er soll. { $brand } meldet ihm gefundene und widerrufene Tokens nicht mehr. Meldungen an ihn, auch die von dem, was ab jetzt geschieht, werden eine Weile aufbewahrt.
letter-webhook-delete = Wenn Sie ihn nicht mehr brauchen, löschen Sie ihn.
letter-webhook-repair = Wenn doch, reparieren Sie, was dort antwortet, und stellen Sie ihn wieder an: Was wartet, wird dann gesendet.
letter-webhook-no-link = Er enthält keinen Link zum Anmelden und fragt nie nach einem Passwort oder einem Token.
letter-because-webhook = Sie Inhaber oder Verwalter der Organisation sind, zu der er gehört

# Einer Maschine werden keine Sicherheitsereignisse mehr gesendet.
letter-stream = Ein Strom von Sicherheitsereignissen wurde abgestellt
letter-stream-failing = Seit Tagen kam nichts an, was an ihn gesendet wurde. { $brand } meldet seinem Leser gefundene und widerrufene Tokens nicht mehr.
letter-stream-overdue = Seit Tagen hat niemand seine Ereignisse abgeholt. { $brand } meldet seinem Leser gefundene und widerrufene Tokens nicht mehr.
letter-stream-crowded = In ihm warteten mehr Ereignisse, als warten dürfen. { $brand } meldet seinem Leser gefundene und widerrufene Tokens nicht mehr.
letter-stream-holder-ended = Der Zugang, zu dem er gehört, wurde beendet. { $brand } meldet seinem Leser gefundene und widerrufene Tokens nicht mehr.
letter-stream-lost = Was an Ereignissen wartete, wurde verworfen, und was ab jetzt geschieht, wird nicht für ihn aufbewahrt.
letter-stream-delete = Wenn Sie ihn nicht mehr brauchen, löschen Sie ihn.
letter-stream-repair = Wenn doch, reparieren Sie, was ihn liest, und stellen Sie ihn wieder an. Er erfährt, was von da an geschieht; fragen Sie den Zustand jedes Tokens ab, das er kennt, um zu erfahren, was vorher geschah.
letter-stream-renew = Wenn doch, machen Sie einen neuen mit einem Zugang, der gilt, und fragen Sie den Zustand jedes Tokens ab, das sein Leser kennt, um zu erfahren, was inzwischen geschah.
letter-because-stream-manager = Sie Inhaber oder Verwalter der Organisation sind, zu der er gehört
letter-because-stream-client = Ihnen die Anwendung gehört, die ihn liest

# Der Code, mit dem sich jemand anmeldet.
letter-code = Ihr Code zum Anmelden bei { $brand }
letter-code-type = Geben Sie ihn auf der Seite ein, die danach fragt:
letter-code-once = Er gilt einmal, bis { $moment }, und nur in dem Browser, in dem Sie um ihn gebeten haben.
letter-code-asked = Gebeten wurde um ihn von der Adresse { $address }.
letter-code-not-you = Wenn Sie nicht um ihn gebeten haben, hat jemand Ihre Adresse eingegeben. Sie brauchen nichts zu tun: Ohne diesen Brief kann sich niemand anmelden. Lesen Sie den Code niemandem vor.
letter-code-no-link = Er enthält keinen Link zum Anklicken. { $brand } fragt Sie nie am Telefon, in einem Chat oder auf einer Seite mit anderer Adresse nach diesem Code.
letter-because-code = sich jemand mit dieser Adresse bei { $brand } anmelden möchte
