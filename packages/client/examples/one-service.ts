// Loads this service and no other.
import { createServiceClient, pages } from '@cnap/client';
import { OrderService } from '@cnap/client/cnap/billing/v1/order_service';
import type { Order } from '@cnap/client/cnap/billing/v1/order';

const orders = createServiceClient(OrderService, { baseUrl: 'https://cnap.example' });
const found: Order[] = [];
for await (const order of pages(orders.listOrders, {})) found.push(order);
console.log(found.length);
