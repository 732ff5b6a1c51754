-- What the file of an image can stand for, and what is shown while it loads.

-- How the stored picture is turned to be shown (1 to 8, as Exif has it), and 0 or 1 for the
-- rest. NULL in rows from before: not known.
ALTER TABLE images ADD COLUMN orientation INTEGER;

ALTER TABLE images ADD COLUMN has_alpha INTEGER;

ALTER TABLE images ADD COLUMN has_standard_colours INTEGER;

ALTER TABLE images ADD COLUMN has_metadata INTEGER;

-- The placeholder of the picture in a blob: ThumbHash, BlurHash and colour, separated by spaces.
-- NULL until it is made. It goes with the blob's record.
ALTER TABLE blobs ADD COLUMN placeholder TEXT;
