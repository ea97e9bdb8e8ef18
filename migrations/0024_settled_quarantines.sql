-- What is over is deleted some time later, the oldest first.
CREATE INDEX quarantines_settled ON quarantines (settled_at) WHERE settled_at IS NOT NULL;
