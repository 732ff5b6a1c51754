-- The commit of an upload: all of its images, or none.

-- An image with what comes with it, as text: the answer to record under an idempotency key, and
-- the resumable upload that it completes.
CREATE TYPE darkroom_new_image_v1 AS (
    id text, owner text, lease text, blob_id text, chunk_size bigint, size bigint, sha256 text,
    original_sha256 text, content_type text, width bigint, height bigint, frames bigint,
    orientation bigint, has_alpha bigint, has_standard_colours bigint, has_metadata bigint,
    filename text, visibility text, tags text, metadata text, ticket text, answered text,
    completes text, created_at bigint
);

-- Counts an image that comes by a ticket. A ticket without a record comes once.
CREATE FUNCTION darkroom_use_ticket_v1(_id text, _at bigint) RETURNS void
LANGUAGE plpgsql AS $function$
DECLARE
    _ticket upload_tickets;
BEGIN
    SELECT * INTO _ticket FROM upload_tickets WHERE id = _id FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO spent_tickets (id, spent_at) VALUES (_id, _at) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'spent_tickets.id has been used';
        END IF;
        RETURN;
    END IF;
    IF _ticket.revoked_at IS NOT NULL THEN
        RAISE EXCEPTION 'upload_tickets.revoked_at is set';
    END IF;
    IF _ticket.uploads >= _ticket.max_uploads THEN
        RAISE EXCEPTION 'spent_tickets.id has been used as often as it may be';
    END IF;
    UPDATE upload_tickets SET uploads = uploads + 1 WHERE id = _id;
END $function$;

-- Records an answer. A claim that was lost to another request commits nothing.
CREATE FUNCTION darkroom_answer_v1(_owner text, _answered json) RETURNS void
LANGUAGE plpgsql AS $function$
BEGIN
    UPDATE idempotency_keys
    SET fingerprint = _answered ->> 'fingerprint', answer = _answered ->> 'answer',
        expires_at = (_answered ->> 'expires_at')::bigint, owner = _owner
    WHERE scope = _answered ->> 'scope' AND key = _answered ->> 'key'
        AND claim = _answered ->> 'claim' AND answer IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'idempotency_keys.claim was lost';
    END IF;
END $function$;

-- Completes a resumable upload. One that has ended, or has been continued by others, commits
-- nothing.
CREATE FUNCTION darkroom_complete_upload_v1(_completes json, _at bigint) RETURNS void
LANGUAGE plpgsql AS $function$
DECLARE
    _id text := _completes ->> 'upload';
BEGIN
    UPDATE resumable_uploads
    SET received = (_completes ->> 'length')::bigint, length = (_completes ->> 'length')::bigint,
        terms = _completes ->> 'terms', completed_at = _at,
        expires_at = (_completes ->> 'expires_at')::bigint
    WHERE id = _id AND received = (_completes ->> 'received')::bigint AND completed_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'resumable_uploads.received has changed';
    END IF;
    DELETE FROM upload_segments WHERE upload_id = _id;
    DELETE FROM upload_tails WHERE upload_id = _id;
    DELETE FROM resumable_uploads
    WHERE id IN (SELECT json_array_elements_text(_completes -> 'parts')) AND id <> _id;
END $function$;

-- Commits new images of one owner, who may keep at most so many images and bytes already. Does
-- nothing if a lease is not in force at the time _now, or if there is no room.
CREATE FUNCTION darkroom_commit_v1(
    _now bigint, _owner text, _most_images bigint, _most_bytes bigint, _new darkroom_new_image_v1[]
) RETURNS TABLE (image text, blob text, bytes bigint, chunk bigint)
LANGUAGE plpgsql AS $function$
DECLARE
    _each darkroom_new_image_v1;
    _parts text[] := ARRAY(
        SELECT json_array_elements_text(completes::json -> 'parts') FROM unnest(_new));
    _freed_images bigint := 0;
    _freed_bytes bigint := 0;
BEGIN
    PERFORM darkroom_lock_account_v1(_owner);
    PERFORM 1 FROM leases WHERE id IN (SELECT lease FROM unnest(_new)) ORDER BY id FOR SHARE;
    IF EXISTS (
        SELECT 1 FROM unnest(_new) AS other LEFT JOIN leases ON leases.id = other.lease
        WHERE leases.expires_at IS NULL OR leases.expires_at <= _now)
    THEN
        PERFORM darkroom_unlock_account_v1(_owner);
        RETURN;
    END IF;
    IF cardinality(_parts) > 0 THEN
        PERFORM 1 FROM resumable_uploads WHERE id = ANY(_parts) ORDER BY id FOR UPDATE;
        SELECT count(*) FILTER (WHERE is_partial = 0), coalesce(sum(reserved), 0)
        INTO _freed_images, _freed_bytes
        FROM resumable_uploads WHERE id = ANY(_parts) AND completed_at IS NULL;
    END IF;
    IF darkroom_kept_images_v1(_owner) - _freed_images > _most_images
        OR darkroom_kept_bytes_v1(_owner) - _freed_bytes > _most_bytes
    THEN
        PERFORM darkroom_unlock_account_v1(_owner);
        RETURN;
    END IF;
    FOREACH _each IN ARRAY _new LOOP
        IF _each.completes IS NOT NULL THEN
            PERFORM darkroom_complete_upload_v1(_each.completes::json, _each.created_at);
        END IF;
    END LOOP;
    FOREACH _each IN ARRAY _new LOOP
        IF _each.ticket IS NOT NULL THEN
            PERFORM darkroom_use_ticket_v1(_each.ticket, _each.created_at);
        END IF;
    END LOOP;
    FOREACH _each IN ARRAY _new LOOP
        IF _each.answered IS NOT NULL THEN
            PERFORM darkroom_answer_v1(_each.owner, _each.answered::json);
        END IF;
    END LOOP;
    RETURN QUERY
    INSERT INTO images (id, owner, blob_id, chunk_size, size, sha256, original_sha256,
        content_type, width, height, frames, orientation, has_alpha, has_standard_colours,
        has_metadata, filename, visibility, tags, metadata, ticket, created_at, updated_at)
    SELECT new.id, new.owner, coalesce(known.id, new.blob_id),
        coalesce(known.chunk_size, new.chunk_size), new.size, new.sha256, new.original_sha256,
        new.content_type, new.width, new.height, new.frames, new.orientation, new.has_alpha,
        new.has_standard_colours, new.has_metadata, new.filename, new.visibility, new.tags,
        new.metadata, new.ticket, new.created_at, new.created_at
    FROM unnest(_new) AS new
    LEFT JOIN blobs AS known
        ON known.owner = new.owner AND known.sha256 = new.sha256 AND known.refs > 0
    RETURNING id, blob_id, size, chunk_size;
END $function$;

-- Why a commit may have done nothing: whether a lease of a JSON array is not in force, and what the
-- owner keeps, without what the uploads have reserved that a JSON array of completions would
-- complete.
CREATE FUNCTION darkroom_refusal_v1(_leases text, _now bigint, _owner text, _completed text)
RETURNS TABLE (has_expired boolean, images bigint, bytes bigint)
LANGUAGE sql STABLE AS $function$
    SELECT EXISTS (
            SELECT 1 FROM json_array_elements_text(_leases::json) AS lease (id)
            LEFT JOIN leases ON leases.id = lease.id
            WHERE leases.expires_at IS NULL OR leases.expires_at <= _now),
        darkroom_kept_images_v1(_owner) - count(*) FILTER (WHERE open.is_partial = 0),
        darkroom_kept_bytes_v1(_owner) - coalesce(sum(open.reserved), 0)::bigint
    FROM json_array_elements(_completed::json) AS done (completion)
    CROSS JOIN json_array_elements_text(done.completion -> 'parts') AS part (id)
    JOIN resumable_uploads AS open ON open.id = part.id
    WHERE open.completed_at IS NULL
$function$;
