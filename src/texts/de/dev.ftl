## Seiten zum Entwickeln, solange Briefe in einen Ordner gehen.
dev-link = Entwicklung
dev-places = Entwicklung
dev-mail-title = Briefe
dev-mail-lead = Briefe gehen in einen Ordner statt an einen Mailserver. Hier sind die { $count } neuesten, so wie sie verschickt wurden.
dev-mail-none = Noch wurde kein Brief verschickt
dev-mail-none-detail = Melden Sie sich an, und der Brief mit Ihrem Code erscheint hier.
dev-letter-title = Brief
dev-letter-to = An { $to }
dev-letter-size = { $count } Bytes
dev-letter-html = Wie ein Mailprogramm ihn zeigt
dev-letter-alone = Diesen Teil allein zeigen
dev-letter-text = Als Text
dev-letter-headers = Kopfzeilen
dev-components-title = Bausteine
dev-components-lead = Alles, woraus Seiten bestehen, mit seinem Namen im Stylesheet oder unter den Makros.
