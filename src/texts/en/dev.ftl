## Pages for whoever builds on the product, while letters go into a folder.
dev-link = Development
dev-places = Development
dev-mail-title = Letters
dev-mail-lead = Letters go into a folder instead of to a mail server. Here are the { $count } newest, as they were sent.
dev-mail-none = No letter was sent yet
dev-mail-none-detail = Sign in, and the letter with your code appears here.
dev-letter-title = Letter
dev-letter-to = To { $to }
dev-letter-size = { $count } bytes
dev-letter-html = As a mail program shows it
dev-letter-alone = Show this part alone
dev-letter-text = As text
dev-letter-headers = Headers
dev-components-title = Components
dev-components-lead = Everything that pages are made of, with its name in the style sheet or among the macros.
