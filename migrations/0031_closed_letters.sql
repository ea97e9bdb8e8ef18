-- When a letter was sent or died for the first time. That closes the case of its place, and no later try
-- opens it again.
ALTER TABLE outbox ADD COLUMN closed_at BIGINT;
