// A bearer token: DARKROOM_KEY=kid:secret go run mint_token.go alice images:read
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MintToken signs a token. The key is an entry of signing_keys: kid:base64url-secret.
func MintToken(key, owner, scope string, lifetime time.Duration) (string, error) {
	kid, text, _ := strings.Cut(key, ":")
	secret, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return "", err
	}
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub":   owner,
		"scope": scope,
		"iat":   now.Unix(),
		"exp":   now.Add(lifetime).Unix(),
	})
	token.Header["kid"] = kid
	return token.SignedString(secret)
}

func main() {
	token, err := MintToken(os.Getenv("DARKROOM_KEY"), os.Args[1], os.Args[2], time.Hour)
	if err != nil {
		panic(err)
	}
	fmt.Println(token)
}
