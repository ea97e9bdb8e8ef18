desk-managed = Organisationen, die Sie verwalten

tokens-title = Tokens
tokens-of-organization = Tokens von { $organization }
tokens-lead = Wer eines davon hat, kann in Ihrem Namen handeln, soweit seine Berechtigungen reichen. Geben Sie jedem Programm ein eigenes.
tokens-lead-organization = Wer eines davon hat, kann für die Organisation handeln, soweit seine Berechtigungen reichen. Sie gelten weiter, auch wenn geht, wer sie erstellt hat.
tokens-new = Neues Token
tokens-none = Noch keine Tokens
tokens-none-detail = Mit einem Token nutzt ein Skript oder Programm die API ohne Ihre Anmeldung. Erstellen Sie eines, das nur darf, was nötig ist, und das abläuft.
tokens-ended = In den letzten 90 Tagen beendet ({ $count })
tokens-revoked-now = { $name } ist widerrufen und gilt nirgends mehr.
tokens-renamed-now = Das Token heißt jetzt { $name }.

token-live = aktiv
token-ends-soon = läuft bald ab
token-suspended = ausgesetzt
token-expired = abgelaufen
token-leaked = widerrufen, weil es geleakt war
token-quarantined = in Quarantäne, weil es geleakt war
token-revoked = widerrufen
token-revoked-by-owner = von Hand widerrufen
token-revoked-by-operator = vom Betreiber widerrufen
token-revoked-everywhere = widerrufen, weil überall abgemeldet

token-name = Name
token-name-hint = Wofür es da ist, damit Sie es wiedererkennen: eine Zeile, höchstens 100 Zeichen.
token-name-wrong = Geben Sie ihm einen Namen mit 1 bis 100 Zeichen in einer Zeile.
token-name-holds-token = Im Namen steht ein Token. Namen sehen auch andere: Wählen Sie einen anderen.
token-hint = Letzte Zeichen
token-made = Erstellt
token-made-by = von
token-used = Zuletzt benutzt
token-never-used = Nie benutzt
token-expires = Läuft ab
token-no-end = Läuft nicht ab
token-ended = Beendet
token-powers = Was es darf
token-leak-story = Was passiert ist

token-new-title = Neues Token
token-new-of-organization = Neues Token von { $organization }
token-create = Token erstellen
token-scopes = Was soll es dürfen?
token-scopes-hint = Wählen Sie nur, was nötig ist: Wenn das Token einmal in falsche Hände gerät, lässt sich nicht mehr damit anrichten.
token-scopes-missing = Wählen Sie mindestens eine Berechtigung aus.
token-scopes-not-offered = Eine der gewählten Berechtigungen gibt es hier nicht mehr. Wählen Sie neu.
token-expiry = Wie lange soll es gelten?
token-expiry-days = { $count ->
    [one] { $count } Tag
    [365] Ein Jahr
   *[other] { $count } Tage
}
token-expiry-never = Bis es widerrufen wird
token-expiry-never-hint = Nur, wenn sich nie wieder jemand darum kümmert: Ein vergessenes Token funktioniert für jeden, der es findet.
token-expiry-date = Bis zu einem Tag Ihrer Wahl
token-expiry-day = Letzter Tag (UTC)
token-expiry-missing = Wählen Sie, wie lange es gelten soll.
token-expiry-no-date = Wählen Sie den letzten Tag, an dem es gelten soll.
token-expiry-past = Dieser Tag ist vorbei. Wählen Sie einen späteren.
token-expiry-too-long = So lange dürfen Tokens hier nicht gelten. Wählen Sie eine kürzere Zeit.
token-too-many = Mehr Tokens sind nicht erlaubt. Widerrufen Sie zuerst eines, das niemand mehr braucht.
token-form-too-old = Dieses Formular war zu lange offen. Prüfen Sie es und senden Sie es noch einmal.
token-ended-meanwhile = Das Token gilt nicht mehr.

token-made-title = Ihr neues Token
token-made-before-title = Dieses Token gibt es schon
token-made-once = Kopieren Sie es jetzt und bewahren Sie es dort auf, wo Geheimnisse hingehören. Es wird nur dieses eine Mal angezeigt; niemand kann es später nachsehen.
token-made-text = Das Token
token-made-try = Zum Ausprobieren
token-made-before = Das Formular kam zweimal an, das Token wurde aber nur einmal erstellt. Sein Text wurde damals angezeigt und ist nirgends gespeichert. Wenn Sie ihn nicht haben, ersetzen oder widerrufen Sie das Token.
token-made-done = Zurück zu den Tokens
token-replaced-until = { $name }, das es ersetzt, gilt bis
token-replaced-now = { $name }, das es ersetzt, gilt nicht mehr.

token-rename = Umbenennen
token-rename-name = { $name } umbenennen
token-rename-title = Token umbenennen
token-rename-heading = { $name } umbenennen

token-revoke = Widerrufen
token-revoke-name = { $name } widerrufen
token-revoke-title = Token widerrufen
token-revoke-heading = { $name } widerrufen?
token-revoke-busy = Es wurde in den letzten 24 Stunden benutzt. Was es benutzt, funktioniert sofort nicht mehr.
token-revoke-idle = Was es noch benutzt, funktioniert sofort nicht mehr.
token-revoke-unused = Es wurde nie benutzt; wahrscheinlich hängt nichts davon ab.
token-revoke-final = Das lässt sich nicht rückgängig machen.
token-revoke-powers = Was damit nicht mehr möglich ist
token-revoke-rather-replace = Lieber ersetzen

token-replace = Ersetzen
token-replace-name = { $name } ersetzen
token-replace-title = Token ersetzen
token-replace-heading = { $name } ersetzen
token-replace-lead = Sie bekommen ein neues Token, das dasselbe darf. Das alte gilt noch so lange weiter, wie Sie für den Austausch brauchen.
token-overlap = Wie lange soll das alte noch gelten?
token-overlap-none = Gar nicht: sofort beenden
token-overlap-hour = Eine Stunde
token-overlap-day = Einen Tag
token-overlap-week = Eine Woche
token-another = Ein gleiches erstellen
token-another-name = Ein Token wie { $name } erstellen
token-used-from = von { $address }
token-never = Nie
token-made-facts = Was darüber bekannt ist
