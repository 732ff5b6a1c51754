-- The oldest version of the schema whose programs work on this one, too. NULL in rows from before.
ALTER TABLE schema_migrations ADD COLUMN serves INTEGER;
