-- Changes and deletions of images.

-- Changes an image that has not changed since _unchanged_since. Its owner may then keep at most
-- _most_bytes, unless the change does not make the image larger than _described.
CREATE FUNCTION darkroom_update_image_v1(
    _id text, _unchanged_since bigint, _filename text, _visibility text, _tags text,
    _metadata text, _updated_at bigint, _described bigint, _most_bytes bigint
) RETURNS SETOF text LANGUAGE plpgsql AS $function$
DECLARE
    _owner text := (SELECT owner FROM images WHERE id = _id);
BEGIN
    IF _owner IS NULL THEN
        RETURN;
    END IF;
    PERFORM darkroom_lock_account_v1(_owner);
    RETURN QUERY
    UPDATE images
    SET filename = _filename, visibility = _visibility, tags = _tags, metadata = _metadata,
        updated_at = _updated_at
    WHERE id = _id AND updated_at = _unchanged_since
        AND (_described <= described
            OR darkroom_kept_bytes_v1(_owner) - described <= _most_bytes - _described)
    RETURNING id;
    PERFORM darkroom_unlock_account_v1(_owner);
END $function$;

-- Deletes those of the images whose ids are in a JSON array that are of _owner, if that is not
-- NULL, and have not changed since _unchanged_since, if that is not NULL.
CREATE FUNCTION darkroom_delete_images_v1(_ids text, _owner text, _unchanged_since bigint)
RETURNS SETOF text LANGUAGE plpgsql AS $function$
DECLARE
    _wanted text[] := ARRAY(SELECT json_array_elements_text(_ids::json));
    _owners text[] := ARRAY(
        SELECT DISTINCT owner FROM images
        WHERE id = ANY(_wanted) AND (_owner IS NULL OR owner = _owner));
BEGIN
    PERFORM darkroom_lock_accounts_v1(_owners);
    RETURN QUERY
    DELETE FROM images
    WHERE id = ANY(_wanted) AND (_owner IS NULL OR owner = _owner)
        AND (_unchanged_since IS NULL OR updated_at = _unchanged_since)
    RETURNING id;
    PERFORM darkroom_unlock_accounts_v1(_owners);
END $function$;

-- Deletes the oldest images of an owner.
CREATE FUNCTION darkroom_delete_oldest_v1(_owner text, _limit bigint)
RETURNS SETOF text LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM darkroom_lock_account_v1(_owner);
    RETURN QUERY
    DELETE FROM images WHERE id IN (
        SELECT id FROM images WHERE owner = _owner ORDER BY created_at, id LIMIT _limit)
    RETURNING id;
    PERFORM darkroom_unlock_account_v1(_owner);
END $function$;

-- Deletes the images that refer to a blob, and all of its variants, or its variants alone.
CREATE FUNCTION darkroom_delete_uses_v1(_blob text, _with_images bigint)
RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
    _owners text[] := ARRAY(SELECT DISTINCT owner FROM blob_uses WHERE blob_id = _blob);
BEGIN
    PERFORM darkroom_lock_accounts_v1(_owners);
    DELETE FROM variants WHERE blob_id = _blob;
    IF _with_images <> 0 THEN
        DELETE FROM images WHERE blob_id = _blob;
    END IF;
    PERFORM darkroom_unlock_accounts_v1(_owners);
END $function$;

-- Counts the references to a blob anew. If it counts as dead although another blob of equal
-- content is live, its images are given that one first, and its variants go: they can be made
-- again.
CREATE FUNCTION darkroom_recount_blob_v1(_id text) RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
    _owner text := (SELECT owner FROM blobs WHERE id = _id);
    _live blobs;
BEGIN
    IF _owner IS NULL THEN
        RETURN;
    END IF;
    PERFORM darkroom_lock_account_v1(_owner);
    SELECT live.* INTO _live
    FROM blobs AS dead
    JOIN blobs AS live ON live.owner = dead.owner AND live.sha256 = dead.sha256 AND live.refs > 0
    WHERE dead.id = _id AND dead.refs = 0;
    IF FOUND THEN
        DELETE FROM variants WHERE blob_id = _id;
        UPDATE images SET blob_id = _live.id, chunk_size = _live.chunk_size WHERE blob_id = _id;
    END IF;
    UPDATE blobs SET refs = counted.uses, died_at = CASE WHEN counted.uses = 0
        THEN coalesce(died_at, darkroom_now()) END
    FROM (SELECT count(*) AS uses FROM blob_uses WHERE blob_id = _id) AS counted
    WHERE id = _id;
    PERFORM darkroom_unlock_account_v1(_owner);
END $function$;
