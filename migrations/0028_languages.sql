-- The language (BCP 47) in which somebody used the pages last: their letters are written in it.
ALTER TABLE users ADD COLUMN language TEXT;
