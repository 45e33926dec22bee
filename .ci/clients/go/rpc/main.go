// A program with stubs from the protos: a call, a stream and an error, over gRPC without TLS.
package main

import (
	"context"
	"fmt"
	"log"
	"net/url"
	"os"
	"time"

	clusters "example.com/app/gen/cnap/clusters/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func main() {
	address, err := url.Parse(os.Getenv("CNAP_URL"))
	must(err)
	connection, err := grpc.NewClient(address.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx,
		"authorization", "Bearer "+os.Getenv("CNAP_TOKEN"), "x-workspace-id", os.Getenv("CNAP_WORKSPACE"))
	client := clusters.NewClusterServiceClient(connection)

	list, err := client.ListClusters(ctx, &clusters.ListClustersRequest{PageSize: 100})
	must(err)
	for _, cluster := range list.GetClusters() {
		watch, err := client.WatchCluster(ctx, &clusters.WatchClusterRequest{Id: cluster.GetId()})
		must(err)
		first, err := watch.Recv()
		must(err)
		fmt.Printf("%s is %s\n", cluster.GetId(), first.GetCluster().GetState())
	}

	_, err = client.GetCluster(ctx, &clusters.GetClusterRequest{Id: "clu_00000000000000000000000000"})
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			fmt.Printf("refused: %s %s\n", status.Code(err), info.GetReason())
		}
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
