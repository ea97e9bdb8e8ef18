## Was Programme auf Englisch erfahren, für Menschen: benannt nach den englischen Wörtern.
refusal-a-public-client-keeps-no-secret = Eine öffentliche Anwendung hat kein Geheimnis.
refusal-the-client-has-two-secrets-already-revoke-one-of-them-first = Die Anwendung hat schon zwei Geheimnisse: Widerrufen Sie zuerst eines davon.
refusal-a-name-must-not-hold-a-token = Ein Name darf kein Token enthalten.
refusal-an-endpoint-is-an-https-address-without-user-password-and-fragment-and-not-in-a-private-network-unless-webhooks-private-endpoints-is-set = Ein Endpunkt ist eine https-Adresse ohne Benutzer, Passwort und Fragment und liegt nicht in einem privaten Netz, außer wenn webhooks.private_endpoints gesetzt ist.
refusal-there-are-16-endpoints-already = Es gibt schon 16 Endpunkte.
refusal-the-endpoint-is-disabled-enable-it-first = Der Endpunkt ist abgeschaltet: Schalten Sie ihn zuerst ein.
refusal-there-is-an-organization-with-this-slug-already = Eine Organisation mit diesem Kürzel gibt es schon.
refusal-there-is-a-user-with-this-e-mail-address-already = Einen Benutzer mit dieser E-Mail-Adresse gibt es schon.
refusal-a-token-of-this-kind-needs-an-owner-of-its-kind = Ein Token dieser Art braucht einen Besitzer seiner Art.
refusal-only-service-keys-are-limited-to-networks = Nur Dienstschlüssel lassen sich auf Netze beschränken.
refusal-there-are-no-pages-in-this-language = In dieser Sprache gibt es keine Seiten.
refusal-you-may-not-sign-in-here = Sie dürfen sich hier nicht anmelden.
refusal-the-application-named-itself-wrongly-you-are-still-signed-in = Die Anwendung hat sich falsch genannt. Sie sind weiterhin angemeldet.
refusal-the-application-wants-to-send-you-to-an-address-that-it-has-not-registered-here-you-are-still-signed-in = Die Anwendung möchte Sie zu einer Adresse senden, die sie hier nicht eingetragen hat. Sie sind weiterhin angemeldet.
