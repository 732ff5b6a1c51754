-- The image that came by a ticket: at most one for each.
CREATE INDEX IF NOT EXISTS images_by_ticket ON images (ticket) WHERE ticket IS NOT NULL;
