"""A plugin of buf for the three generators that grpcio-tools has inside: messages, their types, and gRPC stubs."""

import pathlib
import sys
import tempfile

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
response = plugin_pb2.CodeGeneratorResponse(
    supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
)
with tempfile.TemporaryDirectory() as folder:
    descriptors = pathlib.Path(folder, "descriptors.binpb")
    descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
    out = pathlib.Path(folder, "out")
    out.mkdir()
    generators = [f"--{name}_out={out}" for name in ("python", "pyi", "grpc_python")]
    arguments = [f"--descriptor_set_in={descriptors}", *generators, *request.file_to_generate]
    if protoc.main(["protoc", *arguments]) != 0:
        response.error = "grpc_tools.protoc failed"
    for path in sorted(out.rglob("*.py*")):
        response.file.add(name=str(path.relative_to(out)), content=path.read_text())
sys.stdout.buffer.write(response.SerializeToString())
