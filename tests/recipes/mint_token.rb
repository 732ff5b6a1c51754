# A bearer token: DARKROOM_KEY=kid:secret ruby mint_token.rb alice images:read

require "base64"
require "jwt" # gem install jwt

# `key` is an entry of signing_keys: kid:base64url-secret.
def mint_token(key, owner, scope, seconds: 3600, audience: nil)
  kid, secret = key.split(":")
  now = Time.now.to_i
  claims = { sub: owner, scope: scope, iat: now, exp: now + seconds }
  claims[:aud] = audience if audience
  JWT.encode(claims, Base64.urlsafe_decode64(secret), "HS256", { typ: "JWT", kid: kid })
end

puts mint_token(ENV.fetch("DARKROOM_KEY"), *ARGV.first(2))
