# A signed URL: DARKROOM_KEY=kid:secret ruby sign_link.rb PATH SECONDS [NAME=VALUE…]

require "base64"
require "erb"
require "openssl"

# Path and query of a link. `key` is an entry of signing_keys, `parameters` a hash
# of further query parameters.
def sign_link(key, path, seconds, parameters = {}, method: "GET", epoch: 0)
  kid, secret = key.split(":")
  secret = Base64.urlsafe_decode64(secret)
  link_key = OpenSSL::HMAC.digest("SHA256", secret, "darkroom link v1\x01")

  all = parameters.merge("expires" => (Time.now.to_i + seconds).to_s, "kid" => kid)
  all["epoch"] = epoch.to_s if epoch > 0
  query = all.sort.map { |pair| pair.map { |text| ERB::Util.url_encode(text) }.join("=") }
  query = query.join("&")
  signature = OpenSSL::HMAC.digest("SHA256", link_key, "#{method}\n#{path}\n#{query}")
  "#{path}?#{query}&signature=#{Base64.urlsafe_encode64(signature, padding: false)}"
end

path, seconds, *pairs = ARGV
parameters = pairs.to_h { |pair| pair.split("=", 2) }
puts sign_link(ENV.fetch("DARKROOM_KEY"), path, Integer(seconds), parameters)
