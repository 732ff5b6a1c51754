// The shapes that the modules share: those of the API, as docs/openapi.json describes them.

export interface Image {
  id: string;
  owner: string;
  filename: string | null;
  content_type: string;
  size: number;
  sha256: string;
  width: number;
  height: number;
  frames: number;
  placeholder?: { thumbhash: string; blurhash: string; color: string };
  created_at: string;
  updated_at: string;
  visibility: "private" | "public";
  tags: string[];
  metadata: Record<string, string>;
  ticket?: string;
  links: { self: string; content: string; srcset?: string };
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Limits {
  upload: {
    content_types: string[];
    max_bytes: number;
    max_pixels: number;
    max_width: number;
    max_height: number;
    max_filename_bytes: number;
    strip_metadata: "gps" | "all" | "none";
  };
  derived: {
    enabled: boolean;
    policy: "signed" | "presets" | "any";
    presets: Record<string, string>;
    width_ladder: number[];
    max_side: number;
    max_pixels: number;
  };
  tags: { max_count: number; max_characters: number };
  metadata: { max_bytes: number };
  links: { min_seconds: number; max_seconds: number };
  upload_tickets: { min_seconds: number; max_seconds: number };
}

export interface Usage {
  images: number;
  bytes: number;
  quota: { images: number | null; bytes: number | null };
}

export interface Link {
  url: string;
  srcset?: string;
  expires_at: string;
}

/** What an answer says beside its title: `application/problem+json`. */
export interface ProblemBody {
  type?: string;
  title?: string;
  detail?: string;
  status?: number;
  [member: string]: unknown;
}

export interface NamedLink extends Link {
  id: string;
  name: string;
  created_at: string;
}

export interface Ticket {
  ticket: string;
  upload_url: string | null;
  expires_at: string;
  owner: string;
  name: string | null;
  status: "open" | "used" | "expired" | "revoked";
  max_uploads: number;
  uploads: number;
  max_bytes: number | null;
  content_types: string[];
  tags: string[];
  visibility: string;
}

/** What a guest's ticket allows, as `GET /v1/limits?ticket=` says. */
export interface GuestTerms {
  name: string | null;
  filename: string | null;
  max_uploads: number;
  remaining_uploads: number;
  expires_at: string;
}

export interface Audited {
  images: number;
  blobs: number;
  dead: number;
  bytes: number;
  findings: {
    fault: string;
    blob: string | null;
    images: string[];
    detail: string;
    remedy: string | null;
    repaired: boolean;
  }[];
  next_cursor: string | null;
}

export interface Swept {
  blobs: number;
  leases: number;
  variants: number;
  more: boolean;
}
