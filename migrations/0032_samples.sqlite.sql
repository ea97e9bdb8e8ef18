-- SQLite samples nothing by itself, and what others made it sample is dropped when the file is opened.
SELECT 1;
