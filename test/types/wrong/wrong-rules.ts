import { eventBus, InvoiceDue, NeverListed, OrderPaid, UserRegistered } from "../shop.js";

// As in wrong-drafts.ts.

const events = [UserRegistered, InvoiceDue] as const;

eventBus({ events, capture: { User: { create: NeverListed } } }); // create | 'AnEventOfThisModelFromTheOptionEvents |
eventBus({ events, capture: { User: { update: NeverListed } } }); // update | 'AnEventOfThisModelFromTheOptionEvents |
eventBus({ events, capture: { User: { delete: NeverListed } } }); // delete | 'AnEventOfThisModelFromTheOptionEvents |
eventBus({ events, capture: { User: { create: { event: NeverListed } } } }); // create | AnEventOfThisModelFromTheOptionEvents
eventBus({ events, capture: { User: { create: [NeverListed] } } }); // NeverListed | AnEventOfThisModelFromTheOptionEvents
eventBus({ events, capture: { Order: { update: OrderPaid } } }); // update | 'AnEventOfThisModelFromTheOptionEvents |
eventBus({ events, capture: { User: { create: InvoiceDue } } }); // create | 'AnEventOfThisModelFromTheOptionEvents |
