-- From where a service key works: networks, separated by spaces; NULL is everywhere.
ALTER TABLE tokens ADD COLUMN networks TEXT;
