"""A program with stubs from the protos: a call, a stream and an error, over gRPC without TLS."""

import os
from urllib.parse import urlsplit

import grpc
from cnap.clusters.v1 import cluster_pb2, cluster_service_pb2, cluster_service_pb2_grpc
from google.rpc import error_details_pb2, status_pb2

metadata = (
    ("authorization", f"Bearer {os.environ['CNAP_TOKEN']}"),
    ("x-workspace-id", os.environ["CNAP_WORKSPACE"]),
)
with grpc.insecure_channel(urlsplit(os.environ["CNAP_URL"]).netloc) as channel:
    clusters = cluster_service_pb2_grpc.ClusterServiceStub(channel)
    known = {"metadata": metadata, "timeout": 30}

    page = clusters.ListClusters(cluster_service_pb2.ListClustersRequest(page_size=100), **known)
    for cluster in page.clusters:
        watch = clusters.WatchCluster(cluster_service_pb2.WatchClusterRequest(id=cluster.id), **known)
        first = next(watch)
        watch.cancel()
        print(f"{cluster.id} is {cluster_pb2.ClusterState.Name(first.cluster.state)}")

    try:
        clusters.GetCluster(cluster_service_pb2.GetClusterRequest(id=f"clu_{'0' * 26}"), **known)
    except grpc.RpcError as error:
        trailers = {key: value for key, value in error.trailing_metadata()}
        status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
        for detail in status.details:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                print(f"refused: {error.code().name} {info.reason}")
