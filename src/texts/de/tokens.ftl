desk-trail = Wo Sie sind
desk-managed = Organisationen, die Sie verwalten

tokens-title = Tokens
tokens-of-organization = Tokens von { $organization }
tokens-lead = Wer eines davon hat, handelt als Sie, so weit es reicht. Geben Sie jedem Programm ein eigenes.
tokens-lead-organization = Wer eines davon hat, handelt für die Organisation, so weit es reicht. Sie gelten weiter, wenn geht, wer sie gemacht hat.
tokens-new = Neues Token
tokens-none = Noch keine Tokens
tokens-none-detail = Mit einem Token benutzt ein Skript oder Programm die Schnittstelle ohne Ihre Anmeldung. Machen Sie eines, das nur darf, was nötig ist, und das ein Ende hat.
tokens-ended = In den letzten 90 Tagen beendet ({ $count })
tokens-revoked-now = { $name } ist widerrufen. Es gilt nirgends mehr.
tokens-renamed-now = Das Token heißt jetzt { $name }.

token-live = gilt
token-ends-soon = endet bald
token-suspended = ausgesetzt
token-expired = abgelaufen
token-leaked = widerrufen: Es wurde gefunden
token-quarantined = in Quarantäne: Es wurde gefunden
token-revoked = widerrufen
token-revoked-by-owner = von Hand widerrufen
token-revoked-by-operator = vom Betreiber widerrufen
token-revoked-everywhere = widerrufen: überall abgemeldet

token-name = Name
token-name-hint = Wofür es ist, damit Sie es wiedererkennen: eine Zeile, höchstens 100 Zeichen.
token-name-wrong = Geben Sie ihm einen Namen von 1 bis 100 Zeichen in einer Zeile.
token-name-holds-token = Im Namen steht ein Token. Namen sehen auch andere: Wählen Sie einen anderen.
token-hint = Letzte Zeichen
token-made = Gemacht
token-made-by = von
token-used = Zuletzt benutzt
token-never-used = Nie benutzt
token-expires = Endet
token-no-end = Ohne Ende
token-ended = Beendet
token-powers = Was es darf
token-leak-story = Was geschehen ist

token-new-title = Neues Token
token-new-of-organization = Neues Token von { $organization }
token-create = Token machen
token-scopes = Was darf es?
token-scopes-hint = Wählen Sie nur, was nötig ist: Mehr kann niemand damit tun, der es findet.
token-scopes-missing = Wählen Sie mindestens eines, das es darf.
token-scopes-not-offered = Etwas davon gibt es hier nicht mehr. Wählen Sie neu.
token-expiry = Wie lange soll es gelten?
token-expiry-days = { $count ->
    [one] { $count } Tag
    [365] Ein Jahr
   *[other] { $count } Tage
}
token-expiry-never = Bis es widerrufen wird
token-expiry-never-hint = Nur wo nie jemand danach sehen wird: Ein vergessenes Token gilt für jeden, der es findet.
token-expiry-date = Bis zu einem Tag, den Sie wählen
token-expiry-day = Letzter Tag (UTC)
token-expiry-missing = Wählen Sie, wie lange es gelten soll.
token-expiry-no-date = Wählen Sie den letzten Tag, an dem es gelten soll.
token-expiry-past = Dieser Tag ist vorbei. Wählen Sie einen späteren.
token-expiry-too-long = So lange dürfen Tokens hier nicht gelten. Wählen Sie eine kürzere Zeit.
token-too-many = Es gibt so viele Tokens, wie es geben darf. Widerrufen Sie zuerst eines, das niemand braucht.
token-form-too-old = Dieses Formular wurde vor zu langer Zeit geöffnet. Sehen Sie es durch und senden Sie es noch einmal.
token-ended-meanwhile = Das Token gilt nicht mehr.

token-made-title = Ihr neues Token
token-made-before-title = Dieses Token gibt es schon
token-made-once = Kopieren Sie es jetzt und bewahren Sie es auf, wo Geheimnisse hingehören. Es steht nur dieses eine Mal hier, und niemand kann später nachsehen.
token-made-text = Das Token
token-made-try = Zum Ausprobieren
token-made-before = Das Formular kam zweimal, und das Token wurde nur einmal gemacht. Es stand damals hier und ist nirgends aufgehoben. Wenn Sie es nicht haben, ersetzen oder widerrufen Sie es.
token-made-done = Zurück zu den Tokens
token-replaced-until = { $name }, das es ersetzt, gilt bis
token-replaced-now = { $name }, das es ersetzt, gilt nicht mehr.

token-rename = Umbenennen
token-rename-name = { $name } umbenennen
token-rename-title = Ein Token umbenennen
token-rename-heading = { $name } umbenennen

token-revoke = Widerrufen
token-revoke-name = { $name } widerrufen
token-revoke-title = Ein Token widerrufen
token-revoke-heading = { $name } widerrufen?
token-revoke-busy = Es wurde am letzten Tag benutzt. Was es benutzt, geht sofort nicht mehr.
token-revoke-idle = Was es noch benutzt, geht sofort nicht mehr.
token-revoke-unused = Es wurde nie benutzt; wahrscheinlich hängt nichts davon ab.
token-revoke-final = Das lässt sich nicht rückgängig machen.
token-revoke-powers = Was damit nicht mehr geht
token-revoke-rather-replace = Lieber ersetzen

token-replace = Ersetzen
token-replace-name = { $name } ersetzen
token-replace-title = Ein Token ersetzen
token-replace-heading = { $name } ersetzen
token-replace-lead = Sie bekommen ein neues Token, das dasselbe darf. Das alte gilt weiter, so lange Sie zum Austauschen brauchen.
token-overlap = Wie lange soll das alte noch gelten?
token-overlap-none = Gar nicht: sofort beenden
token-overlap-hour = Eine Stunde
token-overlap-day = Einen Tag
token-overlap-week = Eine Woche
token-another = Ein neues wie dieses
token-another-name = Ein neues Token wie { $name } machen
