-- Upload tickets and named links.

-- Records a ticket of an owner who has less than _most open ones.
CREATE FUNCTION darkroom_create_ticket_v1(
    _id text, _owner text, _name text, _terms text, _max_uploads bigint, _uploads bigint,
    _created_at bigint, _expires_at bigint, _most bigint
) RETURNS SETOF text LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM darkroom_lock_account_v1(_owner);
    RETURN QUERY
    INSERT INTO upload_tickets (id, owner, name, terms, max_uploads, uploads, created_at,
        expires_at, revoked_at)
    SELECT _id, _owner, _name, _terms, _max_uploads, _uploads, _created_at, _expires_at, NULL
    WHERE _most > (
        SELECT count(*) FROM upload_tickets
        WHERE owner = _owner AND expires_at > _created_at AND revoked_at IS NULL
            AND uploads < max_uploads)
    RETURNING id;
    PERFORM darkroom_unlock_account_v1(_owner);
END $function$;

-- Records the links of a JSON array whose images still have the epoch that the links were made
-- for, and have at most _most links then. The links of one call to one image are numbered, and
-- count too.
CREATE FUNCTION darkroom_create_links_v1(_links text, _now bigint, _most bigint)
RETURNS SETOF text LANGUAGE plpgsql AS $function$
BEGIN
    PERFORM 1 FROM images
    WHERE id IN (SELECT value ->> 'image' FROM json_array_elements(_links::json) AS new (value))
    ORDER BY id FOR NO KEY UPDATE;
    RETURN QUERY
    INSERT INTO links (id, image_id, name, terms, created_at, expires_at)
    SELECT new.value ->> 'id', images.id, new.value ->> 'name', new.value ->> 'terms', _now,
        (new.value ->> 'expires_at')::bigint
    FROM (
        SELECT value, row_number() OVER (PARTITION BY value ->> 'image' ORDER BY position) AS number
        FROM json_array_elements(_links::json) WITH ORDINALITY AS each (value, position)) AS new
    JOIN images ON images.id = new.value ->> 'image'
        AND images.link_epoch = (new.value ->> 'epoch')::bigint
    WHERE new.number + (
        SELECT count(*) FROM links WHERE image_id = images.id AND expires_at > _now) <= _most
    RETURNING id;
END $function$;
