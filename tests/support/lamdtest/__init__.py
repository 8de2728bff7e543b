"""What the integration tests are made of: private sshds, lamds, hosts with a link that breaks, servers and clients.

Nothing here touches the machine beyond loopback, namespaces of its own and the test's directory, and every process
ends with the test, even if pytest is killed.
"""
