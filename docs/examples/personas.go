// Calls through a client that oapi-codegen generated as the package personas (docs/clients.md).
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"example.com/caller/personas"
	"github.com/oapi-codegen/nullable"
)

func check(holds bool, what string) {
	if !holds {
		log.Fatalf("it does not hold that %s", what)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	withKey := personas.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Getenv("PERSONAS_API_KEY"))
		return nil
	})
	client := must(personas.NewClientWithResponses(os.Getenv("PERSONAS_URL"), withKey))
	project := fmt.Sprintf("go %d", time.Now().UnixNano())

	draft := personas.CreatePersonaInput{
		Name:        "impatient-user",
		Description: nullable.NewNullableWithValue("In a hurry"),
		Headers:     nullable.NewNullableWithValue(personas.HeaderMap{"X-User-Language": "en"}),
	}
	created := must(client.CreatePersonaWithResponse(ctx, project, nil, draft))
	check(created.JSON201 != nil, "a persona is created")

	// Errors have a status, a code and a message.
	twin := must(client.CreatePersonaWithResponse(ctx, project, nil, draft))
	check(twin.JSON409 != nil && twin.JSON409.Message == `Persona with name "impatient-user" already exists`, "the name is taken")

	// Unset fields are not sent; null clears one. If-Match: update only the version that was read.
	id := created.JSON201.Id.String()
	read := must(client.GetPersonaWithResponse(ctx, project, id, &personas.GetPersonaParams{}))
	etag := read.HTTPResponse.Header.Get("ETag")
	ifMatch := &personas.UpdatePersonaParams{IfMatch: &etag}
	change := personas.UpdatePersonaInput{Description: nullable.NewNullNullable[string]()}
	changed := must(client.UpdatePersonaWithResponse(ctx, project, id, ifMatch, change))
	check(changed.JSON200 != nil && changed.JSON200.Description == nil, "null clears a field")
	check(changed.JSON200.Headers != nil, "the other fields stay")
	late := must(client.UpdatePersonaWithResponse(ctx, project, id, ifMatch, change))
	check(late.StatusCode() == http.StatusPreconditionFailed, "an update with an old version fails")

	deleted := must(client.DeleteProjectWithResponse(ctx, project, nil))
	check(deleted.StatusCode() == http.StatusNoContent, "the project is deleted")
	fmt.Println("every check holds")
}
