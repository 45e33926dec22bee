// A program with a client from the OpenAPI document: a call and an error.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"example.com/app/api"
)

func main() {
	client, err := api.NewClientWithResponses(os.Getenv("CNAP_URL"), api.WithRequestEditorFn(signIn))
	must(err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	list, err := client.ListClustersWithResponse(ctx, &api.ListClustersParams{})
	must(err)
	if list.JSON200 == nil {
		log.Fatalf("%s: %s", list.Status(), list.Body)
	}
	for _, cluster := range list.JSON200.Data {
		fmt.Printf("%s is %s\n", cluster.Id, cluster.Name)
	}

	none, err := client.GetClusterWithResponse(ctx, "clu_00000000000000000000000000", &api.GetClusterParams{})
	must(err)
	if none.JSON404 != nil {
		fmt.Printf("refused: %d %s\n", none.StatusCode(), none.JSON404.Error.Code)
	}
}

func signIn(_ context.Context, request *http.Request) error {
	request.Header.Set("Authorization", "Bearer "+os.Getenv("CNAP_TOKEN"))
	request.Header.Set("X-Workspace-Id", os.Getenv("CNAP_WORKSPACE"))
	return nil
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
