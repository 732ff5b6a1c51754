-- What follows from a change of one row, whoever makes it. Triggers count, and delete what goes
-- with something else. Statements that change which blobs an owner's images refer to lock the
-- owner's account first (accounts.sql).

-- Adds to the totals, in the row of this connection.
CREATE FUNCTION darkroom_count_v1(
    _images bigint, _bytes bigint, _live_blobs bigint, _live_bytes bigint,
    _dead_blobs bigint, _dead_bytes bigint, _leases bigint, _variants bigint, _variant_bytes bigint
) RETURNS void LANGUAGE sql AS $function$
    UPDATE totals
    SET images = images + _images, bytes = bytes + _bytes,
        live_blobs = live_blobs + _live_blobs, live_bytes = live_bytes + _live_bytes,
        dead_blobs = dead_blobs + _dead_blobs, dead_bytes = dead_bytes + _dead_bytes,
        leases = leases + _leases,
        variants = variants + _variants, variant_bytes = variant_bytes + _variant_bytes
    WHERE id = pg_backend_pid() % 64
$function$;

-- A blob gains a reference, and is recorded with its first.
CREATE FUNCTION darkroom_refer_v1(
    _id text, _owner text, _sha256 text, _size bigint, _chunk_size bigint
) RETURNS void LANGUAGE sql AS $function$
    INSERT INTO blobs (id, owner, sha256, size, chunk_size, refs)
    VALUES (_id, _owner, _sha256, _size, _chunk_size, 1)
    ON CONFLICT (id) DO UPDATE SET refs = blobs.refs + 1
$function$;

-- A blob loses a reference, and is dead without any.
CREATE FUNCTION darkroom_release_v1(_id text) RETURNS void LANGUAGE sql AS $function$
    UPDATE blobs
    SET refs = greatest(refs - 1, 0),
        died_at = CASE WHEN refs <= 1 THEN coalesce(died_at, darkroom_now()) END
    WHERE id = _id
$function$;

-- The tags of an image as rows of their own.
CREATE FUNCTION darkroom_tag_v1(_image images) RETURNS void LANGUAGE sql AS $function$
    INSERT INTO image_tags (id, tag, owner, created_at, size, sort_name)
    SELECT DISTINCT _image.id, value, _image.owner, _image.created_at, _image.size,
        coalesce(_image.filename, '')
    FROM json_array_elements_text(_image.tags::json) AS tag (value)
$function$;

CREATE FUNCTION darkroom_image_inserted() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM darkroom_refer_v1(NEW.blob_id, NEW.owner, NEW.sha256, NEW.size, NEW.chunk_size);
    INSERT INTO usage (owner, images, bytes) VALUES (NEW.owner, 1, NEW.size + NEW.described)
    ON CONFLICT (owner) DO UPDATE
    SET images = usage.images + 1, bytes = usage.bytes + NEW.size + NEW.described;
    IF NEW.tags <> '[]' THEN
        PERFORM darkroom_tag_v1(NEW);
    END IF;
    PERFORM darkroom_count_v1(1, NEW.size, 0, 0, 0, 0, 0, 0, 0);
    RETURN NULL;
END $function$;

CREATE TRIGGER images_insert AFTER INSERT ON images
FOR EACH ROW EXECUTE FUNCTION darkroom_image_inserted();

CREATE FUNCTION darkroom_image_updated() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    IF NEW.blob_id <> OLD.blob_id THEN
        UPDATE blobs SET refs = refs + 1, died_at = NULL WHERE id = NEW.blob_id;
        PERFORM darkroom_release_v1(OLD.blob_id);
    END IF;
    IF NEW.described <> OLD.described THEN
        UPDATE usage SET bytes = bytes + NEW.described - OLD.described WHERE owner = NEW.owner;
    END IF;
    IF NEW.tags <> OLD.tags OR NEW.filename IS DISTINCT FROM OLD.filename THEN
        DELETE FROM image_tags WHERE id = NEW.id;
        PERFORM darkroom_tag_v1(NEW);
    END IF;
    -- Links go with all links of their image.
    IF NEW.link_epoch <> OLD.link_epoch THEN
        DELETE FROM links WHERE image_id = NEW.id;
    END IF;
    RETURN NULL;
END $function$;

CREATE TRIGGER images_update AFTER UPDATE ON images
FOR EACH ROW EXECUTE FUNCTION darkroom_image_updated();

CREATE FUNCTION darkroom_image_deleted() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    DELETE FROM variants WHERE image_id = OLD.id;
    DELETE FROM variant_claims WHERE image_id = OLD.id;
    DELETE FROM links WHERE image_id = OLD.id;
    DELETE FROM image_tags WHERE id = OLD.id;
    PERFORM darkroom_release_v1(OLD.blob_id);
    UPDATE usage SET images = images - 1, bytes = bytes - OLD.size - OLD.described
    WHERE owner = OLD.owner;
    DELETE FROM usage WHERE owner = OLD.owner AND images = 0;
    PERFORM darkroom_count_v1(-1, -OLD.size, 0, 0, 0, 0, 0, 0, 0);
    RETURN NULL;
END $function$;

CREATE TRIGGER images_delete AFTER DELETE ON images
FOR EACH ROW EXECUTE FUNCTION darkroom_image_deleted();

CREATE FUNCTION darkroom_variant_inserted() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM darkroom_refer_v1(NEW.blob_id, NEW.owner, NEW.sha256, NEW.size, NEW.chunk_size);
    DELETE FROM variant_claims WHERE image_id = NEW.image_id AND transform = NEW.transform;
    PERFORM darkroom_count_v1(0, 0, 0, 0, 0, 0, 0, 1, NEW.size);
    RETURN NULL;
END $function$;

CREATE TRIGGER variants_insert AFTER INSERT ON variants
FOR EACH ROW EXECUTE FUNCTION darkroom_variant_inserted();

CREATE FUNCTION darkroom_variant_deleted() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM darkroom_release_v1(OLD.blob_id);
    PERFORM darkroom_count_v1(0, 0, 0, 0, 0, 0, 0, -1, -OLD.size);
    RETURN NULL;
END $function$;

CREATE TRIGGER variants_delete AFTER DELETE ON variants
FOR EACH ROW EXECUTE FUNCTION darkroom_variant_deleted();

-- Blobs are counted by whether anything refers to them. One whose record goes is deleted once
-- more later.
CREATE FUNCTION darkroom_blob_changed() RETURNS trigger LANGUAGE plpgsql AS $function$
DECLARE
    _live bigint := 0;
    _dead bigint := 0;
    _size bigint;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        _size := OLD.size;
        _live := _live - (OLD.refs > 0)::int;
        _dead := _dead - (OLD.refs = 0)::int;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        _size := NEW.size;
        _live := _live + (NEW.refs > 0)::int;
        _dead := _dead + (NEW.refs = 0)::int;
    ELSE
        INSERT INTO remains (id, size, chunk_size, since)
        VALUES (OLD.id, OLD.size, OLD.chunk_size, darkroom_now())
        ON CONFLICT (id) DO UPDATE SET since = excluded.since;
    END IF;
    IF _live <> 0 OR _dead <> 0 THEN
        PERFORM darkroom_count_v1(0, 0, _live, _live * _size, _dead, _dead * _size, 0, 0, 0);
    END IF;
    RETURN NULL;
END $function$;

CREATE TRIGGER blobs_change AFTER INSERT OR UPDATE OF refs OR DELETE ON blobs
FOR EACH ROW EXECUTE FUNCTION darkroom_blob_changed();

CREATE FUNCTION darkroom_lease_changed() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM darkroom_count_v1(0, 0, 0, 0, 0, 0, CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END, 0, 0);
    RETURN NULL;
END $function$;

CREATE TRIGGER leases_change AFTER INSERT OR DELETE ON leases
FOR EACH ROW EXECUTE FUNCTION darkroom_lease_changed();

CREATE FUNCTION darkroom_answer_changed() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    IF OLD.charge > 0 THEN
        UPDATE answer_usage SET bytes = bytes - OLD.charge WHERE owner = OLD.owner;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.charge > 0 THEN
        INSERT INTO answer_usage (owner, bytes) VALUES (NEW.owner, NEW.charge)
        ON CONFLICT (owner) DO UPDATE SET bytes = answer_usage.bytes + excluded.bytes;
    END IF;
    IF OLD.charge > 0 THEN
        DELETE FROM answer_usage WHERE owner = OLD.owner AND bytes = 0;
    END IF;
    RETURN NULL;
END $function$;

CREATE TRIGGER idempotency_keys_update AFTER UPDATE ON idempotency_keys
FOR EACH ROW WHEN (NEW.charge <> OLD.charge) EXECUTE FUNCTION darkroom_answer_changed();

CREATE TRIGGER idempotency_keys_delete AFTER DELETE ON idempotency_keys
FOR EACH ROW WHEN (OLD.charge > 0) EXECUTE FUNCTION darkroom_answer_changed();

-- Nothing refers to the blob of a segment any more.
CREATE FUNCTION darkroom_segment_deleted() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    INSERT INTO remains (id, size, chunk_size, since)
    VALUES (OLD.blob_id, OLD.size, OLD.chunk_size, darkroom_now())
    ON CONFLICT (id) DO UPDATE SET since = excluded.since;
    RETURN NULL;
END $function$;

CREATE TRIGGER upload_segments_delete AFTER DELETE ON upload_segments
FOR EACH ROW EXECUTE FUNCTION darkroom_segment_deleted();

CREATE FUNCTION darkroom_upload_deleted() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
    DELETE FROM upload_segments WHERE upload_id = OLD.id;
    DELETE FROM upload_tails WHERE upload_id = OLD.id;
    RETURN NULL;
END $function$;

CREATE TRIGGER resumable_uploads_delete AFTER DELETE ON resumable_uploads
FOR EACH ROW EXECUTE FUNCTION darkroom_upload_deleted();
