"""A program with a client from the OpenAPI document: a call and an error."""

import os

from cnap_api import AuthenticatedClient
from cnap_api.api.clusters import get_cluster, list_clusters
from cnap_api.models import ClusterList, Error

client = AuthenticatedClient(
    base_url=os.environ["CNAP_URL"],
    token=os.environ["CNAP_TOKEN"],
    headers={"X-Workspace-Id": os.environ["CNAP_WORKSPACE"]},
)
page = list_clusters.sync(client=client)
assert isinstance(page, ClusterList), page
for cluster in page.data:
    print(f"{cluster.id} is {cluster.name}")

refused = get_cluster.sync_detailed(f"clu_{'0' * 26}", client=client)
assert isinstance(refused.parsed, Error), refused.parsed
print(f"refused: {refused.status_code} {refused.parsed.error.code}")
